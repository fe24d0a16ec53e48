"""Turns strokes into anti-aliased pixels. Each pixel's ink depends on its exact distance to the nearest line.

Owns the shape of the pen; does not scale or move ink (see `normalise`). Fast enough to run at every movement of the
pen: lines are cut into short pieces, each piece touches a small patch of pixels, and all patches are computed at once.
Of very many pieces, only those that can count are computed (see `nearest`); the image is the same to the bit.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from .lines import Lines
from .nearest import Pieces, draw_nearest
from .strokes import Points, Stroke, clip_segments

#: Width of the normal pen and of its soft edge in a 28x28 image, chosen to match the strokes of MNIST.
PEN_PX = 2.5
EDGE_PX = 1.1
#: Lines are cut into pieces of at most this length, so that patches are small. Pixels.
_PIECE_PX = 2.0
#: In strokes of more points than this, consecutive points in one cell of this size (pixels) are drawn once. That limits
#: the work for a scribble, and changes the coverage of a pixel by 0.16 at most.
_LONG_STROKE = 200
_CELL_PX = 0.125
#: Patches that are computed at once, which limits the memory for a scribble.
_CHUNK = 4096
#: From this many pixels of patches for each pixel of the image on, only pieces that can count are computed.
_CROWDED = 50
#: Segments are well inside if they are this far from the edge: then rounding cannot put their ends outside. Pixels.
_INSIDE_PX = 0.01


def rasterise(
    strokes: Sequence[Stroke], size: int = 28, pen_px: float = PEN_PX, edge_px: float = EDGE_PX
) -> NDArray[np.float32]:
    """Ink coverage, float32 (size, size) in 0..1, rows from top to bottom. All zero without strokes.

    Strokes are in pixels; the centre of pixel (row, column) is x = column + 0.5, y = row + 0.5. Ink outside the image
    is cut off. `pen_px`: width of a stroke of width 1; `edge_px`: width of its soft edge.
    """
    lines = Lines(strokes)
    return draw(lines, lines.points, size, pen_px, edge_px)


def draw(lines: Lines, points: Points, size: int, pen_px: float, edge_px: float) -> NDArray[np.float32]:
    """As `rasterise`, for lines whose points are moved to `points` (n, 2), in pixels."""
    if not len(points):
        return np.zeros((size, size), np.float32)
    reach = pen_px * float(lines.widths.max()) / 2 + edge_px / 2
    side = math.ceil(_PIECE_PX + 2 * reach) + 2  # a margin, because patches can reach beyond the image
    start, end, radius = _pieces(lines, points, size, reach, pen_px)
    pieces = Pieces(start, end, (radius / edge_px + 0.5).astype(np.float32), 1 / edge_px)
    moved = pieces._replace(start=start + side, end=end + side)
    if len(radius) * side**2 > _CROWDED * size**2:
        return draw_nearest(pieces, size, reach, PairInk(moved, size, side))
    canvas = np.zeros((size + 2 * side, size + 2 * side), np.float32)
    for i in range(0, len(radius), _CHUNK):
        _stamp(canvas, moved, slice(i, i + _CHUNK))
    return canvas[side:-side, side:-side].copy()


def _pieces(
    lines: Lines, points: Points, size: int, reach: float, pen_px: float
) -> tuple[Points, Points, NDArray[np.float32]]:
    """The lines within `reach` of the image, in m short pieces: starts and ends, (2, m) so that NumPy is fast, x first;
    and radii of the pen (m,).
    """
    first, last = lines.segments(_kept(lines, points))
    xy: Points = np.ascontiguousarray(points.T)
    start, end = xy[:, first], xy[:, last]
    radius = (lines.widths * pen_px / 2)[lines.of_each_point()[first]].astype(np.float32)
    low, high = -reach, size + reach
    if low < float(xy.min()) - _INSIDE_PX and float(xy.max()) + _INSIDE_PX < high:
        end = start + (end - start)  # what `clip_segments` gives, at once: nothing of a fitted drawing is cut off
    else:
        from_px, to_px, keep = clip_segments(start.T, end.T, low, high)
        start, end, radius = from_px[keep].T, to_px[keep].T, radius[keep]
    return _cut(start, end, radius)


def _cut(start: Points, end: Points, radius: NDArray[np.float32]) -> tuple[Points, Points, NDArray[np.float32]]:
    """Cut lines, starts and ends (2, m), into pieces of at most `_PIECE_PX`."""
    dx, dy = delta = end - start
    count = np.ceil(np.sqrt(dx * dx + dy * dy) / _PIECE_PX).clip(1).astype(np.intp)
    if not len(count) or count.max() == 1:
        return start, end, radius
    short, long = count == 1, np.flatnonzero(count > 1)
    line = np.repeat(long, count[long])
    step = np.arange(len(line)) - np.repeat(np.cumsum(count[long]) - count[long], count[long])
    part = delta[:, line] * (1 / count).astype(np.float32)[line]
    begin = start[:, line] + part * step.astype(np.float32)
    starts = np.concatenate([start[:, short], begin], axis=1)
    ends = np.concatenate([start[:, short] + delta[:, short], begin + part], axis=1)
    return starts, ends, np.concatenate([radius[short], radius[line]])


def _kept(lines: Lines, points: Points) -> NDArray[np.bool_] | None:
    """Which points are drawn, (n,): in a long stroke not those in the same cell as the point before, unless it is the
    last one. None for all of them.
    """
    sizes = lines.sizes
    if sizes.max() <= _LONG_STROKE:
        return None
    cell = np.floor(points * (1 / _CELL_PX))
    keep = np.ones(len(points), bool)
    keep[1:] = (cell[1:] != cell[:-1]).any(1) | np.repeat(sizes <= _LONG_STROKE, sizes)[1:]
    ends = np.cumsum(sizes)
    keep[ends - 1] = keep[ends - sizes] = True
    return keep


class PairInk:
    """The ink that pieces give single pixels, as `_stamp` computes it, with the same margin of `side` pixels."""

    def __init__(self, pieces: Pieces, size: int, side: int) -> None:
        dx, dy = delta = pieces.end - pieces.start
        length2 = np.maximum(dx * dx + dy * dy, 1e-12)
        self._pieces, self._delta, self._along = pieces, delta, delta / length2
        self._size, self._side = size, side

    def __call__(self, pixel: NDArray[np.intp], piece: NDArray[np.intp]) -> NDArray[np.float32]:
        """See `nearest.PairInk`."""
        (start_x, start_y), (dx, dy) = self._pieces.start[:, piece], self._delta[:, piece]
        along_x, along_y = self._along[:, piece]
        row, column = np.divmod(pixel, self._size)
        x = (column + self._side - start_x + 0.5).astype(np.float32)
        y = (row + self._side - start_y + 0.5).astype(np.float32)
        along = (x * along_x + y * along_y).clip(0, 1)
        gap_x, gap_y = x - along * dx, y - along * dy
        distance = np.sqrt(gap_x * gap_x + gap_y * gap_y)
        ink: NDArray[np.float32] = (self._pieces.peak[piece] - distance * np.float32(self._pieces.slope)).clip(0, 1)
        return ink


def _stamp(canvas: NDArray[np.float32], pieces: Pieces, part: slice) -> None:
    """Draw `part` of the pieces on the padded canvas: pixel = max over them of clip(peak - distance * slope, 0, 1)."""
    start, end, peak, slope = pieces.start[:, part], pieces.end[:, part], pieces.peak[part], pieces.slope
    side = math.ceil(_PIECE_PX + 2 * float(peak.max()) / slope) + 1  # of the square patch around each piece
    column, row = np.ceil((start + end) * 0.5 - side * 0.5 - 0.5).astype(np.int32)[:, :, None]
    cells = np.arange(side, dtype=np.int32)
    # Offsets of the pixel centres from each piece's start, (m, side) for each axis.
    x = (column - start[0][:, None] + 0.5 + cells).astype(np.float32)
    y = (row - start[1][:, None] + 0.5 + cells).astype(np.float32)
    dx, dy = (end - start)[:, :, None]
    length2 = np.maximum(dx * dx + dy * dy, 1e-12)
    along = ((x * (dx / length2))[:, None, :] + (y * (dy / length2))[:, :, None]).clip(0, 1)
    gap_x = x[:, None, :] - along * dx[..., None]
    gap_y = y[:, :, None] - along * dy[..., None]
    distance = np.sqrt(gap_x * gap_x + gap_y * gap_y)
    ink = (peak[:, None, None] - distance * np.float32(slope)).clip(0, 1)
    index = (row + cells)[:, :, None] * canvas.shape[1] + (column + cells)[:, None, :]
    np.maximum.at(canvas.reshape(-1), index.ravel(), ink.ravel())
