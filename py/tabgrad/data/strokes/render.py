"""Many drawings to network inputs at once, through the very code that the drawing grid uses.

Owns the batching: drawings are laid out on one large sheet, far enough apart not to touch, so that one call of
`ink.rasterise` draws them all. The result equals `ink.normalise` of each (a test compares them).
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tabgrad.ink import PEN_PX, SIZE_PX, Stroke, rasterise
from tabgrad.ink.normalise import BOX_PX, CENTRE_PX

#: Side of a drawing's place on the sheet. Its ink can reach 20 pixels and half a soft edge from the centre of mass.
_PLACE_PX = 44


def normalise_many(drawings: Sequence[Sequence[Stroke]]) -> NDArray[np.uint8]:
    """The network's inputs for non-empty drawings: uint8 (n, 28, 28), 255 is ink. See `ink.normalise`."""
    boxed = [_fit(strokes) for strokes in drawings]
    columns = math.ceil(math.sqrt(len(drawings)))
    corners = np.array([(k % columns, k // columns) for k in range(len(drawings))]) * _PLACE_PX
    margin = (_PLACE_PX - BOX_PX) // 2
    ink = _draw(boxed, corners + margin, columns, corners + margin, BOX_PX)
    centres = _centres_of_mass(ink)
    margin = (_PLACE_PX - SIZE_PX) // 2
    images = _draw(boxed, corners + margin + CENTRE_PX - centres, columns, corners + margin, SIZE_PX)
    return np.rint(images * 255).astype(np.uint8)


def _fit(strokes: Sequence[Stroke]) -> list[tuple[NDArray[np.float32], float]]:
    """Points in the 20x20 box, and widths: the ink, not its centre line, fills the box."""
    low = np.min([s.points.min(0) for s in strokes], axis=0).astype(np.float64)
    high = np.max([s.points.max(0) for s in strokes], axis=0).astype(np.float64)
    extent = float((high - low).max())
    pen = PEN_PX * max(s.width for s in strokes)
    scale = max(BOX_PX - pen, 1.0) / extent if extent > 0 else 1.0
    middle = (low + high) / 2
    return [(((s.points - middle) * scale + BOX_PX / 2).astype(np.float32), s.width) for s in strokes]


def _draw(
    drawings: Sequence[Sequence[tuple[NDArray[np.float32], float]]],
    offsets: NDArray[np.floating],
    columns: int,
    corners: NDArray[np.integer],
    size: int,
) -> NDArray[np.float32]:
    """Draw each at its offset on one sheet, and cut out the (size, size) squares at `corners`."""
    strokes = [
        Stroke(points + offset.astype(np.float32), width)
        for drawing, offset in zip(drawings, offsets, strict=True)
        for points, width in drawing
    ]
    sheet = rasterise(strokes, columns * _PLACE_PX)
    return np.stack([sheet[y : y + size, x : x + size] for x, y in corners])


def _centres_of_mass(ink: NDArray[np.float32]) -> NDArray[np.float64]:
    """(n, 2) x and y in pixels from the corner of each of n squares."""
    place = np.arange(ink.shape[1]) + 0.5
    total = ink.sum((1, 2), dtype=np.float64)
    return np.stack([ink.sum(1) @ place / total, ink.sum(2) @ place / total], 1)
