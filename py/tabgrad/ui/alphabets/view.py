"""The section of alphabets: the list of them, or the one that is open; and the question before one is removed.

Owns its elements; what a press means is the controller's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Protocol

from tabgrad.interop import dom
from tabgrad.interop.page import download

from ..address import LESSON
from ..sets.exporting import file_name
from ..widgets.controls import Button, FilePicker
from .controller import AlphabetController
from .editing import counted
from .editor import AlphabetEditor, read_into
from .store import Listed

EMPTY = "You have no alphabets yet. Invent one: letters, runes, doodles, whatever you can draw."


class ReadyAlphabet(Protocol):
    """An alphabet that comes with the page: what it is called, and a few words about it."""

    @property
    def title(self) -> str: ...

    @property
    def note(self) -> str: ...


class AlphabetsView:
    """`open_lesson` gets the name of the ready alphabet that the visitor has chosen.

    `train` is called when the visitor wants a network to learn the open alphabet.
    """

    def __init__(
        self,
        body: dom.Element,
        controller: AlphabetController,
        ready: Mapping[str, ReadyAlphabet],
        open_lesson: Callable[[str], object],
        train: Callable[[], object],
    ) -> None:
        self._controller, self._open_lesson = controller, open_lesson
        self._overview = dom.create("div", body, class_="alphabets", data_testid="alphabets")
        self._empty = dom.create("p", self._overview, class_="note", text=EMPTY)
        self._list = dom.create("ul", self._overview, class_="alphabet-list", aria_label="Your alphabets")
        self._entries: list[_Entry] = []
        self._build_new()
        self._build_ready(ready)
        self._editor = AlphabetEditor(body, controller, train)
        self._build_question(body)
        self._said = dom.create("p", body, class_="note", role="status", data_testid="alphabets-said")
        self._fault = dom.create("p", body, class_="fault", data_testid="alphabets-fault")
        self._open_was = controller.store.open_id
        controller.watchers.append(self.render)
        self.render()

    def _build_new(self) -> None:
        form = dom.create("form", self._overview, class_="class-form")
        label = dom.create("label", form, class_="choice")
        dom.create("span", label, text="New alphabet")
        self._new = dom.create("input", label, type="text", class_="text-field", data_testid="alphabet-new-name")
        self._new.autocomplete, self._new.dir, self._new.placeholder = "off", "auto", "My runes"
        dom.create("button", form, text="Begin", type="submit", class_="text-button", data_testid="alphabet-new")
        self._file = FilePicker(
            form,
            "Import a file",
            ".json",
            lambda: self._controller.do(read_into(self._controller, self._file)),
            "alphabet-import",
        )
        self._submitted = dom.Listener(form, "submit", self._on_new)

    def _build_ready(self, ready: Mapping[str, ReadyAlphabet]) -> None:
        if not ready:
            return
        dom.create("h4", self._overview, class_="stage-title", text="Or start with a ready alphabet")
        row = dom.create("div", self._overview, class_="alphabet-list")
        self._ready = []
        for name, one in ready.items():  # links, so that a teacher can hand them on
            look = {"class_": "alphabet-card ready", "data_testid": f"alphabet-ready-{name}"}
            link = dom.create("a", row, href=f"#{LESSON}{name}", **look)
            dom.create("span", link, class_="alphabet-card-name", text=one.title)
            dom.create("span", link, class_="alphabet-card-count", text=one.note)
            self._ready.append(dom.Listener(link, "click", partial(self._on_ready, name)))

    def _on_ready(self, name: str, event: dom.Event) -> None:
        if not (event.ctrlKey or event.metaKey or event.shiftKey):  # else the browser opens it elsewhere
            event.preventDefault()
            self._open_lesson(name)

    def _build_question(self, body: dom.Element) -> None:
        self._question = dom.create("div", body, class_="erase-question", role="group", data_testid="alphabet-question")
        self._question.setAttribute("aria-labelledby", "alphabet-question")
        self._asked = dom.create("p", self._question, id="alphabet-question", tabindex="-1")
        buttons = dom.create("div", self._question, class_="controls")
        controller = self._controller
        self._yes = Button(buttons, "Remove it", lambda: controller.do(self._remove()), "alphabet-remove-yes")
        self._no = Button(buttons, "Keep it", lambda: controller.ask(None), "alphabet-remove-no")
        self._question.hidden = True

    def render(self) -> None:
        """Show the list, or the open alphabet."""
        controller = self._controller
        listed, is_open = controller.store.listed, controller.found is not None
        self._overview.hidden = is_open
        self._empty.hidden = bool(listed)
        for _ in range(len(self._entries), len(listed)):
            self._entries.append(_Entry(self._list, controller))
        for place, entry in enumerate(self._entries):
            entry.show(listed[place] if place < len(listed) else None)
        self._editor.render()
        self._show_question()
        said = "" if is_open else controller.said  # else it is said beside the pad
        if self._said.textContent != said:
            self._said.textContent = said
        self._fault.textContent = controller.store.fault
        if controller.store.open_id != self._open_was:
            self._open_was = controller.store.open_id
            self._focus_new(is_open)

    def _focus_new(self, is_open: bool) -> None:
        """Where the focus was is hidden now."""
        focused = dom.focused()
        if focused is None or str(focused.tagName) == "BODY" or not dom.is_shown(focused):
            (self._editor.focus if is_open else self._new.focus)()

    def _show_question(self) -> None:
        asked, was_hidden = self._controller.question, bool(self._question.hidden)
        self._question.hidden = asked is None
        if asked is not None:
            self._asked.textContent = (
                f"Remove “{asked.name}” with {counted(asked.drawings)}? It cannot be undone: export it first, if you "
                "may want it again."
            )
            if was_hidden:
                self._asked.focus()

    async def _remove(self) -> None:
        await self._controller.remove()
        self._new.focus()

    def _on_new(self, event: dom.Event) -> None:
        event.preventDefault()
        name = str(self._new.value)
        self._new.value = ""
        self._controller.do(self._controller.create(name))


class _Entry:
    """An alphabet in the list. One that cannot be read can be exported and removed."""

    def __init__(self, parent: dom.Element, controller: AlphabetController) -> None:
        self._controller, self._shown = controller, Listed("", "")
        self._row = dom.create("li", parent, class_="alphabet-entry")
        self._open = Button(self._row, "", self._on_open, "alphabet-open", "alphabet-card")
        self._name = dom.create("bdi", self._open.element, class_="alphabet-card-name")
        self._count = dom.create("span", self._open.element, class_="alphabet-card-count")
        self._export = Button(self._row, "Export", lambda: controller.do(self._save()), "alphabet-save")
        self._remove = Button(self._row, "Remove", lambda: controller.ask(self._shown), "alphabet-drop")

    def show(self, listed: Listed | None) -> None:
        """Show an alphabet, or nothing."""
        self._row.hidden = listed is None
        if listed is None or listed == self._shown:
            return
        self._shown = listed
        classes = "1 class" if listed.classes == 1 else f"{listed.classes} classes"
        self._name.textContent = listed.name
        self._count.textContent = "cannot be read" if listed.damaged else f"{classes}, {counted(listed.drawings)}"
        for button, verb in ((self._export, "Export"), (self._remove, "Remove")):
            button.element.setAttribute("aria-label", f"{verb} {listed.name}")

    def _on_open(self) -> None:
        self._controller.do(self._controller.open(self._shown.id))

    async def _save(self) -> None:
        content = await self._controller.store.content(self._shown.id)
        download(file_name(self._shown.name, "json"), content, "application/json")
