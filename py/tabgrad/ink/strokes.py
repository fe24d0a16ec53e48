"""Strokes as vectors, the form in which ink is kept. Owns clipping and the eraser; draws no pixels.

Coordinates are x to the right and y down. The unit is the caller's choice.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Points = NDArray[np.float32]

#: Wider pens from a file are narrowed to this. The page's own has 0.5 to 2; 1 is the normal pen.
MAX_PEN_WIDTH = 4.0
#: Passes of `thin`: each at most halves the points.
_PASSES = 6
#: Precision of the eraser's cuts, as a fraction of its radius.
_CUT_PRECISION = 1 / 8


@dataclass(frozen=True, slots=True, eq=False)
class Stroke:
    """One polyline: `points` float32 (n, 2), n >= 1; a single point is a dot. `width` 1.0 is that of the normal pen.

    Raises ValueError for other shapes, for points that are not finite, and for widths outside 0..100.
    """

    points: Points
    width: float = 1.0

    def __post_init__(self) -> None:
        points = np.ascontiguousarray(self.points, np.float32)
        if points.ndim != 2 or points.shape[1] != 2 or not len(points):
            raise ValueError(f"A stroke needs (n, 2) points with n >= 1, got shape {points.shape}.")
        if not np.isfinite(points).all() or not 0 < self.width < 100:
            raise ValueError("A stroke needs finite points and a width between 0 and 100.")
        object.__setattr__(self, "points", points)


def strokes_from_lists(strokes: Iterable[ArrayLike], width: float = 1.0) -> list[Stroke]:
    """Strokes from nested lists or arrays, one (n, 2) list per stroke; empty lists are left out."""
    return [Stroke(points, width) for points in (np.asarray(s, np.float32) for s in strokes) if len(points)]


def segments(points: Points) -> tuple[Points, Points]:
    """Starts and ends of a polyline's segments, (m, 2) each; a dot is one segment of length 0."""
    return (points, points) if len(points) == 1 else (points[:-1], points[1:])


def thin(points: Points, tolerance: float) -> Points:
    """A polyline (n, 2) with fewer points. Those left out are within `tolerance` of the lines that are left.

    Every second point is tried, again and again. Each pass may move the line by half of what the one before may.
    """
    for _ in range(_PASSES):
        tolerance /= 2
        last = (len(points) - 1) // 2 * 2
        if last < 2:
            break
        start, middle, end = points[0:last:2], points[1:last:2], points[2 : last + 1 : 2]
        delta, offset = end - start, middle - start
        along = np.clip((offset * delta).sum(1) / np.maximum((delta * delta).sum(1), 1e-12), 0, 1)
        gap = offset - along[:, None] * delta
        keep = np.ones(len(points), bool)
        keep[1:last:2] = (gap * gap).sum(1) > tolerance * tolerance
        points = points[keep]
    return points


def clip_segments(start: Points, end: Points, low: float, high: float) -> tuple[Points, Points, NDArray[np.bool_]]:
    """The parts of m segments inside the square low..high (both axes).

    Returns their starts and ends, float32 (m, 2), and a mask (m,) of the segments that have a part inside. Method:
    Liang and Barsky, A new concept and method for line clipping (1984), https://doi.org/10.1145/357332.357333.
    """
    delta = end - start
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        to_low, to_high = (low - start) / delta, (high - start) / delta
    parallel = delta == 0
    inside = (start >= low) & (start <= high)
    enter = np.where(parallel, np.where(inside, 0, np.inf), np.minimum(to_low, to_high)).max(1)
    leave = np.where(parallel, np.where(inside, 1, -np.inf), np.maximum(to_low, to_high)).min(1)
    enter, leave = np.maximum(enter, 0), np.minimum(leave, 1)
    keep = enter <= leave
    first = start + np.where(keep, enter, 0)[:, None] * delta
    last = start + np.where(keep, leave, 1)[:, None] * delta
    return first.astype(np.float32), last.astype(np.float32), keep


def clip_polyline(points: Points, low: float, high: float) -> list[Points]:
    """Cut off the parts of a polyline outside the square low..high: a network must not see ink that the pad hides.

    Returns the polylines that are left, in order; none if all of it is outside.
    """
    if ((points >= low) & (points <= high)).all():
        return [points]
    starts, ends, keep = clip_segments(*segments(points), low, high)
    runs: list[list[Any]] = []
    for i in np.flatnonzero(keep):
        if runs and keep[i - 1] and np.array_equal(runs[-1][-1], starts[i]):
            runs[-1].append(ends[i])
        else:
            runs.append([starts[i], ends[i]])
    return [np.array(run, np.float32) for run in runs]


def distance_to_path(points: Points, path: Points) -> NDArray[np.float32]:
    """Distance of each of n points to a polyline: float32 (n,)."""
    start, end = segments(path)
    delta = end - start
    length2 = np.maximum((delta * delta).sum(1), 1e-12)
    offset = points[:, None] - start
    along = np.clip((offset * delta).sum(2) / length2, 0, 1)
    gap = offset - along[..., None] * delta
    nearest: NDArray[np.float32] = np.sqrt((gap * gap).sum(2).min(1))
    return nearest


def erase(strokes: Sequence[Stroke], path: ArrayLike, radius: float) -> tuple[Stroke, ...]:
    """Remove the parts of strokes whose centre line is within `radius` of the eraser's `path` (n, 2).

    Strokes that the eraser has not touched are returned as the same objects.
    """
    path = np.asarray(path, np.float32).reshape(-1, 2)
    low, high = path.min(0) - radius, path.max(0) + radius
    left: list[Stroke] = []
    for stroke in strokes:
        points = stroke.points
        if (points.max(0) < low).any() or (points.min(0) > high).any():
            left.append(stroke)
            continue
        points = _densify(points, low, high, radius * _CUT_PRECISION)
        keep = distance_to_path(points, path) > radius
        if keep.all():
            left.append(stroke)
            continue
        edges = np.flatnonzero(np.diff(np.concatenate([[False], keep, [False]]).astype(np.int8)))
        runs = edges.reshape(-1, 2)
        left += [Stroke(points[a:b], stroke.width) for a, b in runs if b - a > 1]
    return tuple(left)


def _densify(points: Points, low: Points, high: Points, spacing: float) -> Points:
    """Add points to the segments that reach into the box low..high, at most `spacing` apart."""
    start, end = segments(points)
    near = ((np.maximum(start, end) >= low) & (np.minimum(start, end) <= high)).all(1)
    length = np.sqrt(((end - start) ** 2).sum(1))
    pieces = np.where(near, np.ceil(length / spacing), 1).clip(1, 10_000).astype(np.intp)
    if pieces.max() == 1:
        return points
    segment = np.repeat(np.arange(len(start)), pieces)
    step = np.arange(pieces.sum()) - np.repeat(np.cumsum(pieces) - pieces, pieces)
    along = (step / pieces[segment])[:, None]
    return np.concatenate([start[segment] + along * (end - start)[segment], points[-1:]]).astype(np.float32)
