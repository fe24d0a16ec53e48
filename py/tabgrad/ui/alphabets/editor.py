"""The open alphabet: its name, its classes, and what can be done with all of it. Owns its elements."""

from __future__ import annotations

from collections.abc import Callable

from tabgrad.alphabet import MAX_CLASSES, MAX_LABEL
from tabgrad.data import DataError
from tabgrad.data.sets import MAX_NAME
from tabgrad.interop import dom
from tabgrad.interop.page import Download, download

from ..sets.exporting import export_drawings, file_name
from ..widgets.controls import Button, FilePicker
from .class_row import ClassRow
from .controller import AlphabetController

HOW = (
    "One of you draws, the other names: press a class's button above, or its key from 1 to 9. “Draw 20” keeps each "
    "drawing when the pen has rested for a second."
)


class AlphabetEditor:
    """Hidden while no alphabet is open. `train` is called when the visitor wants a network to learn it."""

    def __init__(self, body: dom.Element, controller: AlphabetController, train: Callable[[], object]) -> None:
        self._controller = controller
        self.element = dom.create("div", body, class_="alphabet-editor", data_testid="alphabet-editor")
        head = dom.create("div", self.element, class_="controls")
        self._back = Button(head, "\N{LEFTWARDS ARROW} All alphabets", self._close, "alphabet-close")
        label = dom.create("label", head, class_="choice")
        dom.create("span", label, text="Name")
        self._name = dom.create(
            "input", label, type="text", class_="text-field", maxlength=str(MAX_NAME), data_testid="alphabet-name"
        )
        self._name.autocomplete, self._name.dir = "off", "auto"
        self._build_adding()
        dom.create("p", self.element, class_="note", text=HOW)
        self._list = dom.create("ul", self.element, class_="class-rows", aria_label="Classes")
        self._rows: list[ClassRow] = []
        self._missing = dom.create("p", self.element, class_="note", data_testid="alphabet-missing")
        tools = dom.create("div", self.element, class_="controls")
        self._train = Button(tools, "Train on this", train, "alphabet-train", "text-button")
        self._export = Button(tools, "Export", lambda: controller.do(self._save()), "alphabet-export")
        self._images = Button(tools, "Export .npz", lambda: controller.do(self._save_images()), "alphabet-export-npz")
        self._file = FilePicker(
            tools, "Import", ".json", lambda: controller.do(read_into(controller, self._file)), "alphabet-add-file"
        )
        self._remove = Button(tools, "Remove alphabet", self._ask, "alphabet-remove")
        self._listeners = [
            dom.Listener(self._name, "change", lambda _event: controller.do(self._rename())),
            dom.Listener(self._form, "submit", self._on_add),
        ]

    def _build_adding(self) -> None:
        """A form, so that Enter adds the class, also on a phone's keyboard."""
        self._form = dom.create("form", self.element, class_="class-form")
        label = dom.create("label", self._form, class_="choice")
        dom.create("span", label, text="New class")
        self._new = dom.create("input", label, type="text", class_="text-field", data_testid="class-name")
        self._new.autocomplete, self._new.dir, self._new.enterKeyHint = "off", "auto", "done"
        self._new.placeholder = "a letter, a word, an emoji"
        self._new.setAttribute("aria-describedby", "class-name-limit")
        self._add = dom.create(
            "button", self._form, text="Add class", type="submit", class_="quiet-button", data_testid="class-add"
        )
        limit = f"A name has at most {MAX_LABEL} characters, an alphabet at most {MAX_CLASSES} classes."
        dom.create("span", self._form, text=limit, id="class-name-limit", class_="sr-only")

    def render(self) -> None:
        """Show the open alphabet."""
        found = self._controller.found
        self.element.hidden = found is None
        if found is None:
            return
        if dom.focused() is not self._name:
            self._name.value = found.name
        for place in range(len(self._rows), len(found.labels)):
            self._rows.append(ClassRow(self._list, place, self._controller))
        for place, row in enumerate(self._rows):
            row.element.hidden = place >= len(found.labels)
            if not row.element.hidden:
                row.show(found)
        missing = self._controller.missing
        self._missing.textContent = missing
        self._train.enable(not missing)
        self._export.enable(bool(found.labels))
        self._images.enable(not missing)

    def focus(self) -> None:
        """Where somebody goes on who has opened an alphabet: the name of a new class."""
        self._new.focus()

    async def _rename(self) -> None:
        await self._controller.editing.rename(str(self._name.value))
        if self._controller.found is not None:
            self._name.value = self._controller.found.name

    def _on_add(self, event: dom.Event) -> None:
        event.preventDefault()
        self._controller.do(self._add_class(str(self._new.value)))

    async def _add_class(self, name: str) -> None:
        if await self._controller.editing.add_class(name):
            self._new.value = ""
        self._new.focus()

    def _ask(self) -> None:
        set_id = self._controller.store.open_id
        self._controller.ask(next((one for one in self._controller.store.listed if one.id == set_id), None))

    def _close(self) -> None:
        self._controller.do(self._controller.close())

    async def _save(self) -> None:
        store = self._controller.store
        download(file_name(str(self._name.value), "json"), await store.content(store.open_id), "application/json")

    async def _save_images(self) -> None:
        """For a script: see `artifacts.script`."""
        store, name, file = self._controller.store, str(self._name.value), Download()
        self._controller.say("Writing the file …")
        try:
            said = await export_drawings(name, await store.content(store.open_id), file.add)
        except (DataError, OSError) as error:
            self._controller.say(str(error))
            return
        file.save(file_name(name, "npz"))
        self._controller.say(said)


async def read_into(controller: AlphabetController, picker: FilePicker) -> None:
    """Import the file that was chosen."""
    try:
        content = await picker.read()
    except OSError as error:
        controller.say(str(error))
        return
    if content is not None:
        await controller.import_file(content)
