"""Where the visitor chooses files: two buttons, one for files and one for a folder, and a place to drop them on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from tabgrad.interop import chosen, dom
from tabgrad.protocol import Handle

#: The worker reads no more files at once.
MAX_FILES = 30_000
#: Files as handles with their names, folders included.
Files = Sequence[tuple[Handle, str]]


class FileChoice:
    """`got` gets the files whenever some are chosen, `dropped` what is dropped: it may be folders."""

    def __init__(
        self, parent: dom.Element, got: Callable[[Files], object], dropped: Callable[[chosen.Dropped], object]
    ) -> None:
        self._got, self._dropped = got, dropped
        self._place = dom.create("div", parent, class_="drop-place")
        self._listeners = [
            self._button("Choose files", "data-import", multiple=""),
            self._button("Choose a folder", "data-import-folder", webkitdirectory=""),
            dom.Listener(self._place, "dragenter dragover", self._on_drag),
            dom.Listener(self._place, "dragleave dragend", lambda _event: self._mark(False)),
            dom.Listener(self._place, "drop", self._on_drop),
        ]
        dom.create("span", self._place, text="or drop them here", class_="note")

    def _button(self, text: str, testid: str, **attributes: str) -> dom.Listener:
        label = dom.create("label", self._place, class_="quiet-button file-button", text=text)
        made = dom.create("input", label, type="file", class_="sr-only", data_testid=testid, **attributes)
        return dom.Listener(made, "change", partial(self._on_chosen, made))

    def _on_chosen(self, made: dom.Element, _event: dom.Event) -> None:
        if files := chosen.of_input(made):
            self._got(files)

    def _on_drag(self, event: dom.Event) -> None:
        if chosen.has_files(event):
            event.preventDefault()  # or the browser would open the file in the place of the page
            self._mark(True)

    def _on_drop(self, event: dom.Event) -> None:
        if chosen.has_files(event):
            event.preventDefault()
            self._mark(False)
            self._dropped(chosen.Dropped(event))

    def _mark(self, on: bool) -> None:
        self._place.toggleAttribute("data-over", on)
