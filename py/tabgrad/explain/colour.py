"""Turns numbers into pixels: the two colour scales of the page, mosaics of small pictures, and the wall of units.

On every picture orange is positive and blue negative. Owns the scales and the layout; draws on no screen.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.floating[Any]]
Rgba = NDArray[np.uint8]

#: From most negative to most positive, as red, green, blue. People with any common form of colour blindness can tell
#: blue from orange. The middle is lightest on a light page and darkest on a dark one, so that the strength of a value
#: shows in its lightness, too.
_LIGHT = ((8, 64, 129), (66, 140, 200), (248, 246, 242), (236, 146, 48), (136, 66, 0))
_DARK = ((150, 208, 255), (40, 112, 178), (22, 21, 28), (186, 96, 12), (255, 196, 112))
_STEPS = 256
#: On the wall: opacity of the tile of an inactive unit, of 255.
REST_ALPHA = 96
#: On the wall: height of the bar under each tile, and of the gaps above and below it. Pixels.
BAR_PX, GAP_PX = 3, 2


def _table(anchors: tuple[tuple[int, int, int], ...]) -> Rgba:
    """A lookup table (257, 4). The number of rows is odd, so that zero has a row of its own."""
    at = np.linspace(0, 1, _STEPS + 1)
    known = np.linspace(0, 1, len(anchors))
    channels = [np.interp(at, known, channel) for channel in zip(*anchors, strict=True)]
    table: Rgba = np.rint(np.stack([*channels, np.full_like(at, 255)], axis=1)).astype(np.uint8)
    return table


_DIVERGING = {False: _table(_LIGHT), True: _table(_DARK)}


def span(values: Values) -> float:
    """The largest magnitude among the finite `values`; 1 if all are 0 or there are none."""
    known = values[np.isfinite(values)]
    return float(np.abs(known).max(initial=0)) or 1.0


def diverging(values: Values, limit: float | None = None, dark: bool = False) -> Rgba:
    """Colours uint8 (..., 4) for `values` (...): -limit is blue, 0 neutral, +limit orange, NaN transparent.

    `limit` is the largest magnitude by default; values beyond it get its colour. `dark`: for a dark page.
    """
    blank = ~np.isfinite(values)
    share = np.where(blank, 0, values) / (span(values) if limit is None else limit)
    rgba: Rgba = _DIVERGING[dark][np.rint((np.clip(share, -1, 1) + 1) * (_STEPS / 2)).astype(np.intp)]
    rgba[blank] = 0
    return rgba


def grey(values: Values) -> Rgba:
    """Colours uint8 (..., 4) for `values` (...) in 0..1: 0 is black, 1 white, NaN transparent."""
    blank = ~np.isfinite(values)
    rgba = np.full((*values.shape, 4), 255, np.uint8)
    rgba[..., :3] = np.rint(np.clip(np.where(blank, 0, values), 0, 1) * 255)[..., None]
    rgba[blank] = 0
    return rgba


def columns_for(count: int, height: int, width: int, aspect: float = 1.0) -> int:
    """The number of columns with which a mosaic of `count` pictures is about `aspect` times as wide as high."""
    return max(1, min(count, round(math.sqrt(count * aspect * height / width))))


def mosaic(images: Values, columns: int, gap: int = 1) -> Values:
    """Pictures (n, height, width) as one (total height, total width), row by row. Gaps and empty places are NaN."""
    count, height, width = images.shape
    sheet = np.full((-(-count // columns) * columns, height + gap, width + gap), np.nan, images.dtype)
    sheet[:count, :height, :width] = images
    return _in_rows(sheet, columns)[: -gap or None, : -gap or None]


def tile_at(x: float, y: float, columns: int, height: int, width: int) -> int:
    """The tile at a point of a mosaic, by its number, from 0. `height` and `width`: of a tile with its gap."""
    return int(y // height) * columns + min(int(x // width), columns - 1)


def _in_rows(tiles: NDArray[Any], columns: int) -> NDArray[Any]:
    """Tiles (rows * columns, height, width, ...) as one picture (rows * height, columns * width, ...)."""
    count, height, width, *channels = tiles.shape
    rows = count // columns
    grid = tiles.reshape(rows, columns, height, width, *channels).swapaxes(1, 2)
    return grid.reshape(rows * height, columns * width, *channels)


class Wall:
    """All units of a layer as one picture with a tile for each, updated while the visitor draws.

    Inactive units fade and active ones stand out. The colours depend on the weights alone, so they are made once; an
    update changes only opacity and bars. `tiles` (n, height, width): the units' weights, each with a colour scale of
    its own. `columns`: tiles in a row.
    """

    def __init__(self, tiles: Values, columns: int, dark: bool = False) -> None:
        self.count, self.tile_height, self.tile_width = tiles.shape
        self.columns = columns
        self.height, self.width = self.tile_height + BAR_PX + 2 * GAP_PX, self.tile_width + GAP_PX
        limits = np.abs(tiles).max(axis=(1, 2), keepdims=True)
        self._bars = diverging(np.array([-1.0, 1.0]), 1.0, dark)
        self._sheet = np.zeros((-(-self.count // columns) * columns, self.height, self.width, 4), np.uint8)
        colours = diverging(tiles / np.where(limits > 0, limits, 1), 1.0, dark)
        self._sheet[: self.count, : self.tile_height, : self.tile_width] = colours

    def picture(self, activations: Values, order: NDArray[np.intp] | None = None) -> Rgba:
        """The picture, (height, width, 4), for `activations` (n,). Bars are orange if positive, else blue.

        If all activations are 0, as on an empty pad, no unit fades. `order` (n,): the unit of each tile, if it is not
        the first unit first.
        """
        share = np.abs(activations) / span(activations)
        tiles = self._sheet[: self.count]
        alpha = REST_ALPHA + (255 - REST_ALPHA) * np.sqrt(share) if share.any() else np.full(self.count, 255.0)
        tiles[:, : self.tile_height, : self.tile_width, 3] = np.rint(alpha)[:, None, None]
        filled = np.arange(self.tile_width) < np.rint(share * self.tile_width)[:, None]
        colours = self._bars[(activations > 0).astype(np.intp)]
        top = self.tile_height + GAP_PX - 1
        bars = np.where(filled[:, None, :, None], colours[:, None, None], np.uint8(0))
        tiles[:, top : top + BAR_PX, : self.tile_width] = bars
        if order is None:
            return _in_rows(self._sheet, self.columns)
        return _in_rows(np.concatenate([tiles[order], self._sheet[self.count :]]), self.columns)
