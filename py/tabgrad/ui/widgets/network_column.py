"""One column of a picture of a network: its elements, what they show, and where its units are. Owns no lines."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from tabgrad.interop import dom

from .labels import length, size

Rgba = NDArray[np.uint8]
#: Cells stand in a square of at most this many columns; tiles in two columns.
CELLS_A_ROW, TILES_A_ROW = 8, 2
#: Units of these kinds can be touched.
TOUCHABLE = ("tiles", "cells", "classes")
#: Classes stand in columns of at most this many.
CLASSES_A_COLUMN = 10


@dataclass(frozen=True, slots=True, eq=False)
class Look:
    """How a column of the flow is shown.

    "image": one picture; "tiles": a picture for each unit; "cells": a square for each; "classes": the classes, below
    each other; "answer": one class, large. `names` are what the units are called, `texts` what stands on classes.
    `pictures` make the tiles' pictures, each drawn again when its key in `keys` has changed; a key of None always has.
    """

    kind: Literal["image", "tiles", "cells", "classes", "answer"]
    caption: str
    names: Sequence[str]
    pictures: Sequence[Callable[[], Rgba]] = ()
    keys: Sequence[object] = ()
    texts: Sequence[str] = ()


class ColumnView:
    """The elements of one column, and where its units are."""

    def __init__(self, parent: dom.Element, index: int, look: Look) -> None:
        self.kind, count = look.kind, len(look.names)
        self.can_be_touched = look.kind in TOUCHABLE
        columns = {
            "tiles": min(TILES_A_ROW, count),
            "cells": _cells_a_row(count),
            "classes": -(-count // CLASSES_A_COLUMN),
        }
        self.columns = columns.get(look.kind, 1)
        self.rows = -(-count // self.columns)
        figure = dom.create("div", parent, class_=f"network-column network-{look.kind}")
        self.grid = dom.create("div", figure, class_="network-grid")
        self.grid.style.setProperty("--columns", str(self.columns))
        self._caption, self._caption_text = dom.create("p", figure, class_="network-caption"), ""
        tag = "button" if self.can_be_touched else "div"
        self.units = [dom.create(tag, self.grid, class_="network-unit") for _ in look.names]
        self.canvases: list[dom.Element] = []
        for place, unit in enumerate(self.units):
            if tag == "button":
                unit.type, unit.tabIndex = "button", -1
                unit.setAttribute("data-column", str(index))
                unit.setAttribute("data-place", str(place))
            if look.pictures:
                self.canvases.append(dom.create("canvas", unit, width="28", height="28", aria_hidden="true"))
        self._names: list[str] = [""] * count
        self._shown: list[str] = [""] * count
        self._keys: list[object] = [None] * count
        self.box = (0.0, 0.0, 0.0, 0.0)

    def show(self, look: Look, values: Sequence[float]) -> bool:
        """Show values; returns whether texts have changed, which can move things.

        Most units do not change while the pen moves: only what has changed is touched.
        """
        moves = look.caption != self._caption_text
        if moves:
            self._caption_text = self._caption.textContent = look.caption
        limit = max((abs(value) for value in values), default=0.0) or 1.0
        for place, unit in enumerate(self.units):
            strength = f"{values[place] / limit:.2f}"
            if strength != self._shown[place]:
                self._shown[place] = strength
                unit.style.setProperty("--a", strength.lstrip("-"))
                unit.toggleAttribute("data-negative", strength.startswith("-"))
            if look.names[place] != self._names[place]:
                self._names[place] = look.names[place]
                if look.texts:
                    text, moves = look.texts[place], True
                    unit.textContent, unit.dataset.size, unit.dir = text, size(text), "auto"
                    unit.title = text if length(text) > 1 else ""
                if self.can_be_touched:
                    unit.setAttribute("aria-label", look.names[place])
            if look.pictures and (look.keys[place] is None or look.keys[place] != self._keys[place]):
                self._keys[place] = look.keys[place]
                _paint(self.canvases[place], look.pictures[place]())
        return moves

    def measure(self, origin: Any) -> None:
        """Note where the units are, relative to the box `origin`."""
        box = self.grid.getBoundingClientRect()
        self.box = (float(box.x - origin.x), float(box.y - origin.y), float(box.width), float(box.height))

    def anchor(self, place: int, right: bool) -> tuple[float, float]:
        """The middle of a unit's left or right side."""
        x, y, width, height = self.box
        row, column = divmod(min(place, len(self.units) - 1), self.columns)
        return x + (column + right) * width / self.columns, y + (row + 0.5) * height / self.rows


def _cells_a_row(count: int) -> int:
    return min(CELLS_A_ROW, max(1, int(np.ceil(np.sqrt(count)))))


def _paint(canvas: dom.Element, rgba: Rgba) -> None:
    height, width = rgba.shape[:2]
    if (canvas.height, canvas.width) != (height, width):
        canvas.height, canvas.width = height, width
    dom.put_rgba(canvas, rgba)
