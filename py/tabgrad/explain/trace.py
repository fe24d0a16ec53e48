"""Traces pixels back to pen strokes: the middle lines of an image's ink, so that a sample can be put on the pad.

An approximation for viewing and editing. The network still gets the image itself until the visitor changes the ink.
Thinning by Zhang and Suen 1984, https://doi.org/10.1145/357994.358023. Owns this conversion; knows no pad.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tabgrad.ink import SIZE_PX, Stroke

#: Ink darker than this belongs to a stroke; 0..1.
THRESHOLD = 0.4
#: Passes of smoothing, which remove the steps of the pixels from a line.
_SMOOTHING = 2
#: Pieces of at most this many pixels that touch a line are artefacts of thinning, not strokes.
_MAX_ARTEFACT = 3
_AROUND = ((-1, 0), (-1, 1), (0, 1), (1, 1), (1, 0), (1, -1), (0, -1), (-1, -1))  # clockwise from above
Pixel = tuple[int, int]


def thin(ink: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The middle lines of a picture's ink, one pixel wide: bool (height, width), as `ink`."""
    lines = np.pad(ink, 1)
    changed = True
    while changed:
        changed = False
        for first in (True, False):
            p = [np.roll(lines, (-dy, -dx), (0, 1)) for dy, dx in _AROUND]
            count = np.sum(p, axis=0)
            turns = np.sum([~a & b for a, b in zip(p, [*p[1:], p[0]], strict=True)], axis=0)
            north, east, south, west = p[0], p[2], p[4], p[6]
            sides = ~(north & east & south), ~(east & south & west)
            if not first:
                sides = ~(north & east & west), ~(north & south & west)
            gone = lines & (count >= 2) & (count <= 6) & (turns == 1) & sides[0] & sides[1]
            changed |= bool(gone.any())
            lines = lines & ~gone
    return lines[1:-1, 1:-1]


def trace(image: NDArray[Any], side: float) -> tuple[Stroke, ...]:
    """Strokes on a pad of side `side` units for an image (28, 28) of values in 0..1. No ink, no strokes."""
    left = {(int(r), int(c)) for r, c in np.argwhere(thin(np.asarray(image) >= THRESHOLD))}
    strokes, drawn = [], set[Pixel]()
    while left:
        # Begin at the end of a line. A loop has no end, and any pixel will do.
        start = min(left, key=lambda pixel: (len(_neighbours(pixel, left)) != 1, pixel))
        path = _walk(start, left)
        # Thinning leaves single pixels beside diagonals and corners.
        if len(path) > _MAX_ARTEFACT or not all(_neighbours(pixel, drawn) for pixel in path):
            points = _smooth(np.array(path, np.float64)[:, ::-1] + 0.5)
            strokes.append(Stroke((points * side / SIZE_PX).astype(np.float32)))
        drawn.update(path)
    return tuple(strokes)


def _neighbours(pixel: Pixel, known: set[Pixel]) -> list[Pixel]:
    """Known pixels next to this one; those that share an edge with it come first."""
    around = [(pixel[0] + dy, pixel[1] + dx) for dy, dx in (*_AROUND[::2], *_AROUND[1::2])]
    return [p for p in around if p in known]


def _walk(start: Pixel, left: set[Pixel]) -> list[Pixel]:
    """Follow the line from `start`, as straight as possible, and remove its pixels from `left`. Loops are closed."""
    whole = set(left)
    path = [start]
    left.discard(start)
    while True:
        here, before = path[-1], path[-2] if len(path) > 1 else path[-1]
        ahead = (2 * here[0] - before[0], 2 * here[1] - before[1])
        near = _neighbours(here, left)
        if not near:
            break
        path.append(min(near, key=lambda p: (p[0] - ahead[0]) ** 2 + (p[1] - ahead[1]) ** 2))
        left.discard(path[-1])
    # A line that ends next to a pixel traced before is a loop or a branch: connect it.
    beside = [p for p in _neighbours(path[-1], whole) if p not in path[-3:]]
    return [*path, beside[0]] if len(path) > 2 and beside else path


def _smooth(points: NDArray[np.float64]) -> NDArray[np.float64]:
    for _ in range(_SMOOTHING if len(points) > 2 else 0):
        points[1:-1] = points[:-2] / 4 + points[1:-1] / 2 + points[2:] / 4
    return points
