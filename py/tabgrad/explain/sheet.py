"""How what goes into a unit is laid out as a picture: maps or an image as tiles, values of units as cells in rows."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tabgrad.network import Stage

from .attribution import picture_shape
from .colour import columns_for, mosaic, tile_at

Array = NDArray[np.floating[Any]]
#: Units of a dense layer in a row.
UNITS_A_ROW = 16


class Sheet:
    """The layout of the n inputs of a dense stage. `place` is the input under a point."""

    def __init__(self, stage: Stage) -> None:
        count, height, width = picture_shape(stage)
        self.plain = height == 1  # values of units, which stand in rows
        self.tile = (1, 1) if self.plain else (height, width)
        self.gap = 0 if self.plain else 1
        self.columns = UNITS_A_ROW if self.plain else columns_for(count, height, width)
        self.count = count * height * width

    def picture(self, numbers: Array) -> Array:
        """The numbers (n,) as a picture; NaN between the tiles."""
        return mosaic(numbers.reshape(-1, *self.tile), self.columns, self.gap)

    def place(self, x: int, y: int) -> int | None:
        """The number at a pixel of the picture; None between the tiles and outside."""
        height, width = self.tile
        step_y, step_x = height + self.gap, width + self.gap
        if x < 0 or y < 0 or x >= self.columns * step_x or x % step_x >= width or y % step_y >= height:
            return None
        found = tile_at(x, y, self.columns, step_y, step_x) * height * width + y % step_y * width + x % step_x
        return found if found < self.count else None
