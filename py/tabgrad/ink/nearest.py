"""Draws a crowd of pieces: only pairs of a pixel and a piece that can count are computed, and the image is the same.

A pixel's ink is that of the nearest piece of a line. In a drawing of 500 strokes each pixel has hundreds within reach.
So the pieces are sorted into small cells. The distance to a cell's middle says, for all pieces in it at once, how much
ink a pixel gets at least and at most. A cell that can give at most what another one gives at least does not count.

Owns this choice. What a piece gives a pixel is `raster`'s; the function is handed in.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .strokes import Points

#: Cells along the reach of the pen. More of them sort better, and there are more to look at.
_CELLS_IN_REACH = 6
#: Bounds are not exact: this much ink is nothing. Far more than float32 rounds away.
_SLACK = 1e-3
#: Pairs that are computed at once, which limits the memory.
_PAIRS = 1 << 18

#: Neighbourhoods that are kept, and bytes of each: those of wide pens are larger, and are made again.
_KEPT, _KEPT_BYTES = 8, 4 << 20

#: The ink of p pairs: pixels (p,), row by row, and indices (p,) of pieces -> float32 (p,).
PairInk = Callable[[NDArray[np.intp], NDArray[np.intp]], NDArray[np.float32]]


class Pieces(NamedTuple):
    """Lines in m short pieces: starts and ends, float32 (2, m) in pixels, x first. At distance d from its nearest point
    a piece gives a pixel `peak - slope * d`, `peak` float32 (m,), but no less than 0 and no more than 1.
    """

    start: Points
    end: Points
    peak: NDArray[np.float32]
    slope: float


class Neighbourhood(NamedTuple):
    """`cells` (pixels, k): the cells near each pixel; `distance` (k,): how far their middles are, in pixels."""

    cells: NDArray[np.intp]
    distance: NDArray[np.float32]


class Grid(NamedTuple):
    """Square cells, `per_px` along a pixel, over the image and `margin` pixels around it; `side` along the whole."""

    per_px: int
    margin: int
    side: int

    def cells(self, points: Points) -> NDArray[np.intp]:
        """The cells that points (2, m), in pixels, lie in: (m,)."""
        column, row = np.floor((points + self.margin) * self.per_px).astype(np.intp).clip(0, self.side - 1)
        return np.asarray(row * self.side + column)


def grid_for(size: int, reach: float, half: float) -> Grid:
    """The grid for an image of `size` pixels, for pieces that reach `reach` and are 2 `half` long at most."""
    margin = math.ceil(reach + half) + 1
    per_px = max(1, round(_CELLS_IN_REACH / reach))
    return Grid(per_px, margin, (size + 2 * margin) * per_px)


def neighbourhood(grid: Grid, size: int, radius: float) -> Neighbourhood:
    """The cells whose middles are within `radius` pixels of a pixel's centre, for all pixels."""
    cells = math.pi * (radius * grid.per_px) ** 2
    small = cells * size * size * np.dtype(np.intp).itemsize <= _KEPT_BYTES
    return _kept_neighbourhood(grid, size, radius) if small else _neighbourhood(grid, size, radius)


def _neighbourhood(grid: Grid, size: int, radius: float) -> Neighbourhood:
    most = math.ceil(radius * grid.per_px) + grid.per_px
    steps = np.arange(-most, most + 1)
    away = (steps + 0.5) / grid.per_px - 0.5  # of a cell's middle from the centre of the pixel whose corner is at 0
    distance = np.hypot(away[:, None], away[None, :])
    rows, columns = np.nonzero(distance <= radius)
    offsets = steps[rows] * grid.side + steps[columns]
    corner = (np.arange(size) + grid.margin) * grid.per_px
    corners = (corner[:, None] * grid.side + corner[None, :]).reshape(-1)
    return Neighbourhood(corners[:, None] + offsets, distance[rows, columns].astype(np.float32))


_kept_neighbourhood = lru_cache(maxsize=_KEPT)(_neighbourhood)


class Crowd(NamedTuple):
    """Pieces sorted by cell: those of cell c are `order[first[c] : first[c + 1]]`. `least`, `most`: see `sort`."""

    order: NDArray[np.intp]
    first: NDArray[np.intp]
    least: NDArray[np.float32]
    most: NDArray[np.float32]


def sort(grid: Grid, pieces: Pieces, half: NDArray[np.float32]) -> Crowd:
    """Sort pieces by the cells of their middles; `half` (m,) are half their lengths.

    For each cell, `least` is the most that a piece gives at its middle, and `most` bounds what one can give at any of
    its points. Empty cells give minus infinity.
    """
    middle: Points = (pieces.start + pieces.end) * np.float32(0.5)  # type: ignore[assignment] # it is float32
    cells, count = grid.cells(middle), grid.side * grid.side
    if count <= 1 << 16:
        cells = cells.astype(np.uint16)  # NumPy sorts these several times as fast
    order = np.argsort(cells, kind="stable")
    first = np.searchsorted(cells[order], np.arange(count + 1))
    used = np.flatnonzero(np.diff(first))
    least = np.full(count, -np.inf, np.float32)
    most = least.copy()
    least[used] = np.maximum.reduceat(pieces.peak[order], first[used])
    most[used] = np.maximum.reduceat((pieces.peak + half * np.float32(pieces.slope))[order], first[used])
    return Crowd(order, first, least, most)


def draw_nearest(pieces: Pieces, size: int, reach: float, pair_ink: PairInk) -> NDArray[np.float32]:
    """Ink (size, size): for each pixel the maximum over all pieces of what `pair_ink` says."""
    dx, dy = pieces.end - pieces.start
    half: NDArray[np.float32] = np.sqrt(dx * dx + dy * dy) * np.float32(0.5)
    longest = math.ceil(4 * float(half.max())) / 4  # in steps, so that neighbourhoods are found again
    grid, slope = grid_for(size, reach, longest), np.float32(pieces.slope)
    off = math.sqrt(0.5) / grid.per_px  # how far a point of a cell can be from its middle
    crowd = sort(grid, pieces, half)
    cells, distance = neighbourhood(grid, size, reach + longest + off)
    sure = (crowd.least[cells] - (distance + off) * slope).max(1) - _SLACK
    image: NDArray[np.float32] = (sure >= 1).astype(np.float32)
    open_px = np.flatnonzero(sure < 1)
    possible = crowd.most[cells[open_px]] - (distance - off) * slope
    row, column = np.nonzero(possible > np.maximum(sure[open_px], -_SLACK)[:, None])
    pixel, cell = open_px[row], cells[open_px[row], column]
    count = np.cumsum(crowd.first[cell + 1] - crowd.first[cell])
    cuts = np.searchsorted(count, np.arange(_PAIRS, count[-1] if len(count) else 0, _PAIRS))
    for part in np.split(np.arange(len(pixel)), cuts):
        _add(image, crowd, pixel[part], cell[part], pair_ink)
    return image.reshape(size, size)


def _add(
    image: NDArray[np.float32], crowd: Crowd, pixel: NDArray[np.intp], cell: NDArray[np.intp], pair_ink: PairInk
) -> None:
    """Draw on each pixel the pieces of the cell beside it; entries of one pixel follow each other."""
    if not len(pixel):
        return
    first = crowd.first[cell]
    count = crowd.first[cell + 1] - first
    at = np.repeat(pixel, count)
    step = np.arange(len(at)) - np.repeat(np.cumsum(count) - count, count)
    ink = pair_ink(at, crowd.order[np.repeat(first, count) + step])
    begins = np.flatnonzero(np.diff(at, prepend=-1))
    image[at[begins]] = np.maximum(image[at[begins]], np.maximum.reduceat(ink, begins))
