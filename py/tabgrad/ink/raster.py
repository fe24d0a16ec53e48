"""Turns strokes into anti-aliased pixels. Each pixel's ink depends on its exact distance to the nearest line.

Owns the shape of the pen; does not scale or move ink (see `normalise`). Fast enough to run at every movement of the
pen: lines are cut into short pieces, each piece touches a small patch of pixels, and all patches are computed at once.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from .strokes import Points, Stroke, clip_segments, segments

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


def rasterise(
    strokes: Sequence[Stroke], size: int = 28, pen_px: float = PEN_PX, edge_px: float = EDGE_PX
) -> NDArray[np.float32]:
    """Ink coverage, float32 (size, size) in 0..1, rows from top to bottom. All zero without strokes.

    Strokes are in pixels; the centre of pixel (row, column) is x = column + 0.5, y = row + 0.5. Ink outside the image
    is cut off. `pen_px`: width of a stroke of width 1; `edge_px`: width of its soft edge.
    """
    if not strokes:
        return np.zeros((size, size), np.float32)
    reach = pen_px * max(s.width for s in strokes) / 2 + edge_px / 2
    side = math.ceil(_PIECE_PX + 2 * reach) + 2  # a margin, because patches can reach beyond the image
    canvas = np.zeros((size + 2 * side, size + 2 * side), np.float32)
    start, end, radius = _pieces(strokes, size, reach, pen_px)
    peak = (radius / edge_px + 0.5).astype(np.float32)
    for i in range(0, len(start), _CHUNK):
        part = slice(i, i + _CHUNK)
        _stamp(canvas, start[part] + side, end[part] + side, peak[part], 1 / edge_px)
    return canvas[side:-side, side:-side].copy()


def _pieces(
    strokes: Sequence[Stroke], size: int, reach: float, pen_px: float
) -> tuple[Points, Points, NDArray[np.float32]]:
    """The lines within `reach` of the image, in m short pieces: starts and ends (m, 2), radii of the pen (m,)."""
    lines = [segments(_thin(stroke.points)) for stroke in strokes]
    radii = np.repeat([stroke.width * pen_px / 2 for stroke in strokes], [len(starts) for starts, _ in lines])
    start, end = (np.concatenate(side) for side in zip(*lines, strict=True))
    start, end, keep = clip_segments(start, end, -reach, size + reach)
    start, end, radius = start[keep], end[keep], radii[keep].astype(np.float32)
    delta = end - start
    count = np.ceil(np.sqrt((delta * delta).sum(1)) / _PIECE_PX).clip(1).astype(np.intp)
    if not len(count) or count.max() == 1:
        return start, end, radius
    line = np.repeat(np.arange(len(count)), count)
    step = np.arange(len(line)) - np.repeat(np.cumsum(count) - count, count)
    share = (1 / count).astype(np.float32)[line, None]
    first = start[line] + delta[line] * share * step[:, None].astype(np.float32)
    return first, first + delta[line] * share, radius[line]


def _thin(points: Points) -> Points:
    """Drop points of a long stroke that lie in the same cell as the point before; the last point is kept."""
    if len(points) <= _LONG_STROKE:
        return points
    cell = np.floor(points * (1 / _CELL_PX))
    keep = np.ones(len(points), bool)
    keep[1:-1] = (cell[1:-1] != cell[:-2]).any(1)
    kept: Points = points[keep]
    return kept


def _stamp(canvas: NDArray[np.float32], start: Points, end: Points, peak: NDArray[np.float32], slope: float) -> None:
    """Draw m pieces on the padded `canvas`: pixel = max over pieces of clip(peak - distance * slope, 0, 1)."""
    side = math.ceil(_PIECE_PX + 2 * float(peak.max()) / slope) + 1  # of the square patch around each piece
    corner = np.ceil((start + end) * 0.5 - side * 0.5 - 0.5).astype(np.int32)
    cells = np.arange(side, dtype=np.int32)
    # Offsets of the pixel centres from each piece's start, (m, side) for each axis.
    x = (corner[:, :1] - start[:, :1] + 0.5 + cells).astype(np.float32)
    y = (corner[:, 1:] - start[:, 1:] + 0.5 + cells).astype(np.float32)
    delta = end - start
    dx, dy = delta[:, :1], delta[:, 1:]
    length2 = np.maximum((delta * delta).sum(1), 1e-12)[:, None]
    along = ((x * (dx / length2))[:, None, :] + (y * (dy / length2))[:, :, None]).clip(0, 1)
    gap_x = x[:, None, :] - along * dx[..., None]
    gap_y = y[:, :, None] - along * dy[..., None]
    distance = np.sqrt(gap_x * gap_x + gap_y * gap_y)
    ink = (peak[:, None, None] - distance * np.float32(slope)).clip(0, 1)
    index = (corner[:, 1:] + cells)[:, :, None] * canvas.shape[1] + (corner[:, :1] + cells)[:, None, :]
    np.maximum.at(canvas.reshape(-1), index.ravel(), ink.ravel())
