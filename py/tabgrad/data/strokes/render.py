"""Turns many drawings into network inputs at once, with the functions that prepare the visitor's own drawing.

Owns the batching: the drawings are laid out on one large sheet, so far apart that they do not touch, and one call of
`ink.rasterise` draws them all. Each result equals that of `ink.normalise`, but for rounding (a test compares them).
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tabgrad.ink import BOX_PX, CENTRE_PX, SIZE_PX, Stroke, centres_of_mass, fit_box, rasterise

#: Side of a drawing's place on the sheet: ink can lie 20 pixels and half a soft edge away from its centre of mass.
_PLACE_PX = 44


def normalise_many(drawings: Sequence[Sequence[Stroke]]) -> NDArray[np.uint8]:
    """The network's inputs for n drawings, of one or more strokes each: uint8 (n, 28, 28), 255 is ink."""
    boxed = [_fitted(strokes) for strokes in drawings]
    columns = math.ceil(math.sqrt(len(drawings)))
    corners = np.array([(k % columns, k // columns) for k in range(len(drawings))]) * _PLACE_PX
    margin = (_PLACE_PX - BOX_PX) // 2
    centres = centres_of_mass(_draw(boxed, corners + margin, columns, corners + margin, BOX_PX))
    margin = (_PLACE_PX - SIZE_PX) // 2
    images = _draw(boxed, corners + margin + CENTRE_PX - centres, columns, corners + margin, SIZE_PX)
    return np.rint(images * 255).astype(np.uint8)


def _fitted(strokes: Sequence[Stroke]) -> list[tuple[NDArray[np.float32], float]]:
    """Points in pixels of the box, and the width of each stroke. Not as `Stroke`: its checks would take time."""
    fit = fit_box(strokes)
    return [(fit.place(s.points), s.width) for s in strokes]


def _draw(
    drawings: Sequence[Sequence[tuple[NDArray[np.float32], float]]],
    offsets: NDArray[np.floating],
    columns: int,
    corners: NDArray[np.integer],
    size: int,
) -> NDArray[np.float32]:
    """Draw each at its offset on one sheet, and cut out the squares at `corners`: float32 (n, size, size)."""
    strokes = [
        Stroke(points + offset.astype(np.float32), width)
        for drawing, offset in zip(drawings, offsets, strict=True)
        for points, width in drawing
    ]
    sheet = rasterise(strokes, columns * _PLACE_PX)
    return np.stack([sheet[y : y + size, x : x + size] for x, y in corners])
