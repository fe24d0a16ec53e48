"""What was read from the visitor's files, before it is used: examples of each class, counts, notes, and switches."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

import numpy as np
from numpy.typing import NDArray

from tabgrad.explain.colour import grey
from tabgrad.interop import dom
from tabgrad.protocol import DataRead

from ..widgets.controls import Button, Field, Select
from .bringing import summary

SIDE = 28


class Preview:
    """Shows a `DataRead`. `switched` gets the name of a guess and its new value, `use` the name of the data set."""

    def __init__(
        self,
        parent: dom.Element,
        switched: Callable[[str, str], object],
        use: Callable[[str], object],
        drop: Callable[[], object],
    ) -> None:
        self._switched = switched
        self._root = dom.create("div", parent, class_="data-preview", data_testid="data-preview")
        self._summary = dom.create("p", self._root, class_="headline")
        self._notes = dom.create("ul", self._root, class_="data-notes", data_testid="data-notes")
        self._guesses = dom.create("div", self._root, class_="controls", role="group", aria_label="What was guessed")
        self._classes = dom.create("ul", self._root, class_="data-classes", aria_label="Classes")
        foot = dom.create("div", self._root, class_="controls")
        self._name = Field(
            foot, "Name", lambda: None, "data-name", type="text", maxlength="60", class_="text-field data-name"
        )
        self._use = Button(foot, "Use this data", lambda: use(self._name.value), "data-use", "text-button")
        self._drop = Button(foot, "Forget it", drop, "data-drop")
        self._selects = list[Select]()
        self._shown: DataRead | None = None
        self.show(None, {}, usable=False)

    def show(self, found: DataRead | None, choices: Mapping[str, str], *, usable: bool) -> None:
        """Show this, or nothing. `choices` are the visitor's; without `usable` only the switches can be used."""
        self._root.hidden = found is None
        self._use.enable(usable)
        self._classes.toggleAttribute("data-stale", not usable)
        if found is self._shown or found is None:
            self._shown = found
            return
        first, self._shown = self._shown is None, found
        self._summary.textContent = summary(found)
        self._notes.replaceChildren()
        for note in found.notes:
            dom.create("li", self._notes, text=note)
        self._show_guesses(found, choices)
        self._show_classes(found)
        if first:  # else the visitor may have written another
            self._name.value = found.name

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

    def _show_classes(self, found: DataRead) -> None:
        pixels = np.frombuffer(found.images, np.uint8).reshape(-1, SIDE, SIDE)
        self._classes.replaceChildren()
        first = 0
        for k, label in enumerate(found.labels):
            count = sum(row[k] for row in found.counts.values())
            row = dom.create("li", self._classes, data_testid=f"data-class-{k}")
            dom.create("strong", row, text=label, dir="auto")
            dom.create("span", row, text="1 image" if count == 1 else f"{count:,} images", class_="note")
            _draw(row, pixels[first : first + found.shown[k]], label)
            first += found.shown[k]


def _draw(row: dom.Element, images: NDArray[np.uint8], label: str) -> None:
    """All examples of a class, side by side on one canvas."""
    if not len(images):
        return
    strip = np.concatenate(list(np.pad(images, ((0, 0), (0, 0), (0, 2)))), axis=1)[:, :-2]
    height, width = strip.shape
    canvas = dom.create("canvas", row, width=f"{width}", height=f"{height}", role="img")
    canvas.setAttribute("aria-label", f"{len(images)} examples of {label}")
    dom.put_rgba(canvas, grey(strip / 255))
