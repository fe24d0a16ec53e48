"""The data sets that the visitor has brought, in a list: train on one, call it otherwise, remove it."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from functools import partial
from typing import Any

from tabgrad.alphabet import listed
from tabgrad.data import DataError
from tabgrad.data.sets import MAX_NAME, PIXELS, SetHead
from tabgrad.interop import dom

from ..widgets.controls import Button
from .known import KnownSets

#: Bytes of an image and its label.
SAMPLE_BYTES = PIXELS + 1
REMOVED = "“{}” is removed. Networks that learned from it stay."
DAMAGED = "A data set that cannot be read"

Do = Callable[[Coroutine[Any, Any, Any]], None]


@dataclass(frozen=True, slots=True)
class Actions:
    """What the list does besides renaming: `train` on a set, `export` it, and `forget` one that only the worker has.

    `export` gives a sentence, and raises DataError or OSError.
    """

    train: Callable[[SetHead], object]
    export: Callable[[SetHead], Coroutine[Any, Any, str]]
    forget: Callable[[str], Coroutine[Any, Any, None]]


class SetList:
    """Shows `known`. `do` starts work; `say` gets a sentence, and whether it is about a fault."""

    def __init__(
        self, parent: dom.Element, known: KnownSets, actions: Actions, do: Do, say: Callable[[str, bool], object]
    ) -> None:
        self._known, self._actions, self._do, self._say = known, actions, do, say
        self._title = dom.create("h4", parent, class_="stage-title tune-title", text="Your data sets")
        self._list = dom.create("ul", parent, class_="data-sets", data_testid="data-sets")
        self._buttons = list[Button]()
        self._keys: dom.Listener | None = None
        self._asked = ""  # the set whose removal is asked about

    def show(self) -> None:
        """Show what is known now."""
        heads = {name: head for name, head in self._known.heads.items() if head.kind == "images"}
        self._title.hidden = self._list.hidden = not heads and not self._known.damaged
        self._list.replaceChildren()
        self._buttons = []
        for name, head in heads.items():
            self._show_set(name, head)
        for name in self._known.damaged:
            row = dom.create("li", self._list)
            dom.create("span", row, text=DAMAGED)
            self._add_removal(dom.create("div", row, class_="controls"), name, DAMAGED)

    def _show_set(self, name: str, head: SetHead) -> None:
        row = dom.create("li", self._list, data_set=name)
        dom.create("strong", row, text=head.name, dir="auto")
        dom.create("span", row, text=describe(head, held=self._known.is_held(name)), class_="note", dir="auto")
        controls = dom.create("div", row, class_="controls")
        if name != self._asked:
            for text, press, testid in (
                ("Train on it", partial(self._actions.train, head), "data-train"),
                ("Rename", partial(self._rename, row, name, head), "data-rename"),
                ("Export .npz", partial(self._on_export, head), "data-export"),
            ):
                if testid == "data-export" and self._known.is_held(name):
                    continue  # the page does not have its images
                button = Button(controls, text, press, testid)
                button.element.setAttribute("aria-label", f"{text}: {head.name}")
                self._buttons.append(button)
        self._add_removal(controls, name, head.name)

    def _add_removal(self, controls: dom.Element, name: str, title: str) -> None:
        """A button that removes a set, or the question whether it should."""
        if name != self._asked:
            button = Button(controls, "Remove", partial(self._ask, name), "data-remove")
            button.element.setAttribute("aria-label", f"Remove: {title}")
            self._buttons.append(button)
            return
        dom.create("span", controls, text="Remove it from this browser? It cannot be undone.")
        yes = Button(controls, "Remove it", partial(self._confirmed, name, title), "data-remove-confirm")
        self._buttons += [yes, Button(controls, "Keep it", partial(self._ask, ""), "data-remove-cancel")]
        yes.element.focus()

    def _on_export(self, head: SetHead) -> None:
        self._do(self._export(head))

    async def _export(self, head: SetHead) -> None:
        self._say(f"Writing the file of “{head.name}” …", False)
        try:
            self._say(await self._actions.export(head), False)
        except (DataError, OSError) as error:
            self._say(str(error), True)

    def _ask(self, name: str) -> None:
        self._asked = name
        self.show()

    def _confirmed(self, name: str, title: str) -> None:
        self._asked = ""
        self._do(self._remove(name, title))

    async def _remove(self, name: str, title: str) -> None:
        if self._known.is_held(name):
            await self._actions.forget(name)
        await self._known.remove(name)
        self.show()
        self._say(REMOVED.format(title), False)

    # ---- Another name

    def _rename(self, row: dom.Element, name: str, head: SetHead) -> None:
        field = dom.create(
            "input", type="text", class_="text-field data-name", maxlength=f"{MAX_NAME}", data_testid="data-rename-to"
        )
        field.setAttribute("aria-label", f"Another name for {head.name}")
        field.value = head.name
        row.firstElementChild.replaceWith(field)

        def on_key(event: dom.Event) -> None:
            if str(event.key) in ("Enter", "Escape") and not event.isComposing:
                event.preventDefault()
                title = str(field.value) if str(event.key) == "Enter" else head.name
                self._do(self._call(name, title))

        self._keys = dom.Listener(field, "keydown", on_key)
        field.focus()
        field.select()

    async def _call(self, name: str, title: str) -> None:
        if self._keys is not None:
            self._keys.remove()
            self._keys = None
        try:
            await self._known.rename(name, title)
        except DataError as error:
            self._say(str(error), True)
        self.show()


def describe(head: SetHead, *, held: bool) -> str:
    """ "1,200 images of circle and star, 0.9 MB, from shapes.zip"."""
    size = head.samples * SAMPLE_BYTES / 1e6
    parts = [f"{head.samples:,} images of {listed(head.labels)}", f"{size:.1f} MB" if size >= 0.1 else "under 0.1 MB"]
    parts += [f"from {head.origin}"] if head.origin else []
    parts += ["here until this tab closes"] if held else []
    return ", ".join(parts)
