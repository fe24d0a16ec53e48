"""All units of a layer as one picture with a tile for each, updated while the visitor draws.

Inactive units fade and active ones stand out. The colours of the tiles depend on the weights alone, so they are made
once; an update changes only opacity and bars. Owns this picture; draws on no screen.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .colour import diverging

Values = NDArray[np.floating[Any]]
#: Opacity of the tile of an inactive unit, of 255.
REST_ALPHA = 96
#: Height of the bar under each tile, and of the gaps above and below it. Pixels.
BAR_PX, GAP_PX = 3, 2


class Wall:
    """`tiles` (n, height, width): the units' weights, each with a colour scale of its own. `columns`: tiles per row."""

    def __init__(self, tiles: Values, columns: int, dark: bool = False) -> None:
        self.count, self.tile_height, self.tile_width = tiles.shape
        self.columns, self.rows = columns, -(-self.count // columns)
        self.height, self.width = self.tile_height + BAR_PX + 2 * GAP_PX, self.tile_width + GAP_PX
        limits = np.abs(tiles).max(axis=(1, 2), keepdims=True)
        colours = diverging(tiles / np.where(limits > 0, limits, 1), 1.0, dark)
        self._bars = diverging(np.array([-1.0, 1.0]), 1.0, dark)
        self._sheet = np.zeros((self.rows * columns, self.height, self.width, 4), np.uint8)
        self._sheet[: self.count, : self.tile_height, : self.tile_width] = colours

    def picture(self, activations: Values) -> NDArray[np.uint8]:
        """The picture, RGBA uint8 (height, width, 4), for `activations` (n,). Bars are orange if positive, else blue.

        If all activations are 0, as on an empty pad, no unit fades.
        """
        largest = float(np.abs(activations).max(initial=0)) or 1.0
        share = np.abs(activations) / largest
        tiles = self._sheet[: self.count]
        alpha = REST_ALPHA + (255 - REST_ALPHA) * np.sqrt(share) if share.any() else np.full(self.count, 255.0)
        tiles[:, : self.tile_height, : self.tile_width, 3] = np.rint(alpha)[:, None, None]
        filled = np.arange(self.tile_width) < np.rint(share * self.tile_width)[:, None]
        colours = self._bars[(activations > 0).astype(np.intp)]
        bar = np.where(filled[:, None, :, None], colours[:, None, None], np.uint8(0))
        top = self.tile_height + GAP_PX - 1
        tiles[:, top : top + BAR_PX, : self.tile_width] = bar
        grid = self._sheet.reshape(self.rows, self.columns, self.height, self.width, 4).swapaxes(1, 2)
        return grid.reshape(self.rows * self.height, self.columns * self.width, 4)

    def unit_at(self, x: float, y: float) -> int | None:
        """The unit at a point in pixels of the picture, None if there is none."""
        unit = int(y // self.height) * self.columns + min(int(x // self.width), self.columns - 1)
        return unit if 0 <= unit < self.count else None
