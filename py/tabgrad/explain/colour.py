"""Numbers to pixels: the two colour scales of the page, and many small pictures laid out as one.

Orange is always positive, blue negative, whatever is shown. Owns the scales and the layout; draws on no screen.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.floating[Any]]
Rgba = NDArray[np.uint8]

#: From most negative to most positive, as red, green, blue. Blue against orange is told apart with every common form
#: of colour blindness, and the middle is lightest (on a light page) or darkest (on a dark one), so that the
#: strength of a value also shows in its lightness alone.
_LIGHT = ((8, 64, 129), (66, 140, 200), (248, 246, 242), (236, 146, 48), (136, 66, 0))
_DARK = ((150, 208, 255), (40, 112, 178), (22, 21, 28), (186, 96, 12), (255, 196, 112))
_STEPS = 256


def _table(anchors: tuple[tuple[int, int, int], ...]) -> Rgba:
    """A lookup table (257, 4): an odd number of rows, so that zero has one of its own."""
    at = np.linspace(0, 1, _STEPS + 1)
    known = np.linspace(0, 1, len(anchors))
    channels = [np.interp(at, known, channel) for channel in zip(*anchors, strict=True)]
    table: Rgba = np.rint(np.stack([*channels, np.full_like(at, 255)], axis=1)).astype(np.uint8)
    return table


_DIVERGING = {False: _table(_LIGHT), True: _table(_DARK)}


def span(values: Values) -> float:
    """The limit of a scale that is symmetric around zero and holds all `values`; 1 if there is nothing to show."""
    known = values[np.isfinite(values)]
    return float(np.abs(known).max(initial=0)) or 1.0


def diverging(values: Values, limit: float | None = None, dark: bool = False) -> Rgba:
    """Colours (..., 4) uint8 for `values` (...): -limit is blue, 0 neutral, +limit orange; what is NaN is transparent.

    `limit` is the largest magnitude by default. Values beyond it get its colour. `dark` is for a dark page.
    """
    blank = ~np.isfinite(values)
    share = np.where(blank, 0, values) / (span(values) if limit is None else limit)
    rgba: Rgba = _DIVERGING[dark][np.rint((np.clip(share, -1, 1) + 1) * (_STEPS / 2)).astype(np.intp)]
    rgba[blank] = 0
    return rgba


def grey(values: Values) -> Rgba:
    """Colours (..., 4) uint8 for `values` (...) in 0..1, 0 is black and 1 white; what is NaN is transparent."""
    blank = ~np.isfinite(values)
    rgba = np.full((*values.shape, 4), 255, np.uint8)
    rgba[..., :3] = np.rint(np.clip(np.where(blank, 0, values), 0, 1) * 255)[..., None]
    rgba[blank] = 0
    return rgba


def columns_for(count: int, height: int, width: int, aspect: float = 1.0) -> int:
    """How many columns make a mosaic of `count` pictures about `aspect` times as wide as high."""
    return max(1, min(count, round(math.sqrt(count * aspect * height / width))))


def mosaic(images: Values, columns: int, gap: int = 1) -> Values:
    """Pictures (n, height, width) side by side, row after row, as one (rows, columns); gaps and free places are NaN."""
    count, height, width = images.shape
    rows = -(-count // columns)
    sheet = np.full((rows * columns, height + gap, width + gap), np.nan, images.dtype)
    sheet[:count, :height, :width] = images
    grid = sheet.reshape(rows, columns, height + gap, width + gap).swapaxes(1, 2)
    return grid.reshape(rows * (height + gap), columns * (width + gap))[: -gap or None, : -gap or None]
