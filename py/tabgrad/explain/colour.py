"""Turns numbers into pixels: the two colour scales of the page, and mosaics of many small pictures.

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
    rows = -(-count // columns)
    sheet = np.full((rows * columns, height + gap, width + gap), np.nan, images.dtype)
    sheet[:count, :height, :width] = images
    grid = sheet.reshape(rows, columns, height + gap, width + gap).swapaxes(1, 2)
    return grid.reshape(rows * (height + gap), columns * (width + gap))[: -gap or None, : -gap or None]
