"""Rows of small images with captions, each a button. Owns its elements; its user decides what a press does."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tabgrad.explain.colour import grey
from tabgrad.interop import dom


@dataclass(frozen=True, slots=True, eq=False)
class GalleryItem:
    """`image` uint8 (28, 28); `label` describes it to screen readers; `wrong` marks a mistake."""

    image: NDArray[np.uint8]
    caption: str
    label: str
    wrong: bool = False


class Gallery:
    """`pressed` gets the position of the item that was pressed, from 0."""

    def __init__(self, parent: dom.Element, label: str, pressed: Callable[[int], object], testid: str) -> None:
        self._list = dom.create("ul", parent, class_="gallery", aria_label=label, data_testid=testid)
        self._cells: list[tuple[Any, Any, Any, Any]] = []
        self._items: list[GalleryItem | None] = []  # what each cell shows
        self._pressed = pressed
        self._listener = dom.Listener(self._list, "click", self._on_click)

    def _on_click(self, event: dom.Event) -> None:
        button = dom.closest(event.target, "button")
        if button is not None:
            self._pressed(int(dom.data(button, "place")))

    def show(self, items: Sequence[GalleryItem]) -> None:
        """Replace what is shown. Elements are kept for reuse; what has not changed is not drawn again."""
        for place in range(len(self._cells), len(items)):
            row = dom.create("li", self._list)
            button = dom.create("button", row, type="button", class_="sample", data_place=str(place))
            canvas = dom.create("canvas", button, width="28", height="28", aria_hidden="true")
            self._cells.append((row, button, canvas, dom.create("span", button, aria_hidden="true")))
            self._items.append(None)
        for place, (row, button, canvas, caption) in enumerate(self._cells):
            row.hidden = place >= len(items)
            if row.hidden:
                continue
            before, item = self._items[place], items[place]
            self._items[place] = item
            if before is None or before.image is not item.image:
                dom.put_rgba(canvas, grey(item.image / 255))
            if before is not None and _words(before) == _words(item):
                continue
            caption.textContent = item.caption
            button.setAttribute("aria-label", f"{item.label}. Put it on the pad.")
            button.toggleAttribute("data-wrong", item.wrong)


def _words(item: GalleryItem) -> tuple[str, str, bool]:
    return item.caption, item.label, item.wrong
