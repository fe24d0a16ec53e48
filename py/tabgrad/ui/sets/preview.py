"""What was read from the visitor's files, before it is used: counts, notes, switches, and the classes with examples."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from tabgrad.interop import dom
from tabgrad.protocol import DataRead

from ..widgets.controls import Button, Field, Select
from .bringing import Bringing, summary
from .class_fields import ClassFields


class Preview:
    """Shows what `bringing` has found. `switched` gets the name of a guess and its new value, `use` the set's name."""

    def __init__(
        self,
        parent: dom.Element,
        bringing: Bringing,
        switched: Callable[[str, str], object],
        use: Callable[[str], object],
        drop: Callable[[], object],
    ) -> None:
        self._bringing, self._switched, self._using = bringing, switched, use
        self._root = dom.create("div", parent, class_="data-preview", data_testid="data-preview")
        self._summary = dom.create("p", self._root, class_="headline")
        self._notes = dom.create("ul", self._root, class_="data-notes", data_testid="data-notes")
        self._guesses = dom.create("div", self._root, class_="controls", role="group", aria_label="What was guessed")
        self._shown_classes = dom.create("div", self._root, class_="data-shown")
        self._classes = ClassFields(self._shown_classes, bringing)
        foot = dom.create("div", self._root, class_="controls")
        self._name = Field(
            foot, "Name", lambda: None, "data-name", type="text", maxlength="60", class_="text-field data-name"
        )
        self._use = Button(foot, "Use this data", self._on_use, "data-use", "text-button")
        self._drop = Button(foot, "Forget it", drop, "data-drop")
        self._selects = list[Select]()
        self._shown: DataRead | None = None
        self.show()

    def show(self) -> None:
        """Show what there is now, or nothing. While it is read again, only the switches can be used."""
        bringing, found = self._bringing, self._bringing.found
        usable = bringing.is_usable and bringing.stage == "read"
        self._root.hidden = found is None
        self._use.enable(usable)
        self._shown_classes.toggleAttribute("data-stale", not usable)
        if found is not self._shown:
            self._show_found(found)
        if found is not None:
            self._classes.refresh(bringing.names.text, bringing.name_faults)

    def _show_found(self, found: DataRead | None) -> None:
        if found is None:
            self._shown = None
            return
        first, self._shown = self._shown is None, found
        self._summary.textContent = summary(found)
        self._notes.replaceChildren()
        for note in found.notes:
            dom.create("li", self._notes, text=note)
        self._show_guesses(found, self._bringing.choices)
        self._classes.show(found)
        if first:  # else the visitor may have written another
            self._name.value = found.name

    def _on_use(self) -> None:
        self._classes.focus_fault()
        self._using(self._name.value)

    def _show_guesses(self, found: DataRead, choices: Mapping[str, str]) -> None:
        focused = dom.data(dom.focused(), "testid") if dom.focused() else ""
        self._guesses.replaceChildren()
        self._selects = []
        for guess in found.guesses:
            name, options = str(guess["name"]), {str(k): str(v) for k, v in guess["options"].items()}
            place = len(self._selects)
            made = Select(
                self._guesses, guess["title"], options, partial(self._on_switched, name, place), f"data-guess-{name}"
            )
            made.value = str(guess["value"])
            made.element.toggleAttribute("data-chosen", name in choices)
            self._selects.append(made)
            if focused == f"data-guess-{name}":
                made.element.focus()  # it is another element now, and the visitor may go on with the keyboard
        self._guesses.hidden = not found.guesses

    def _on_switched(self, name: str, place: int) -> None:
        self._switched(name, self._selects[place].value)
