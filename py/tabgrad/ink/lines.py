"""All strokes of a drawing in a few arrays, so that NumPy works on all of them at once. Owns no geometry.

A drawing grows at its end. `Lines` keeps what it has joined: for a new stroke on a sheet with 500, only the new one is
copied.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from .strokes import Points, Stroke


class Lines:
    """The strokes of one drawing, one after the other.

    `points` (n, 2) are the points of all k strokes, `sizes` (k,) how many each has, `widths` (k,) their widths.
    """

    def __init__(self, strokes: Sequence[Stroke] = ()) -> None:
        self._strokes: tuple[Stroke, ...] = ()
        self._room: Points = np.empty((0, 2), np.float32)
        self._ends: NDArray[np.intp] = np.zeros(1, np.intp)  # of the first 0, 1, ... k strokes
        self.widths: NDArray[np.float64] = np.zeros(0)
        self.replace(strokes)

    def replace(self, strokes: Sequence[Stroke]) -> None:
        """Have these strokes instead. The first ones, as far as they are the same objects as before, stay in place."""
        pairs = zip(self._strokes, strokes, strict=False)
        same = next((i for i, (a, b) in enumerate(pairs) if a is not b), min(len(self._strokes), len(strokes)))
        added = strokes[same:]
        begin = int(self._ends[same])
        ends = np.cumsum([begin, *(len(s.points) for s in added)], dtype=np.intp)
        if ends[-1] > len(self._room):
            grown: Points = np.empty((max(int(ends[-1]), 2 * len(self._room)), 2), np.float32)
            grown[:begin] = self._room[:begin]
            self._room = grown
        if added:
            np.concatenate([s.points for s in added], out=self._room[begin : ends[-1]])
        self._ends = np.concatenate([self._ends[:same], ends])
        self.widths = np.concatenate([self.widths[:same], [s.width for s in added]])
        self._strokes = tuple(strokes)

    @property
    def points(self) -> Points:
        """The points of all strokes, float32 (n, 2)."""
        return self._room[: self._ends[-1]]

    @property
    def sizes(self) -> NDArray[np.intp]:
        """How many points each stroke has, (k,)."""
        return np.diff(self._ends)

    def segments(self, keep: NDArray[np.bool_] | None = None) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """The segments of all strokes as indices of their first and their last points; a dot is one of length 0.

        `keep` (n,): leave out the other points. The first and the last point of a stroke must stay.
        """
        first = np.ones(len(self.points), bool) if keep is None else keep.copy()
        first[self._ends[1:] - 1] = False  # no segment begins at the last point of a stroke
        dots = self._ends[:-1][self.sizes == 1]
        if keep is None:
            begin = np.flatnonzero(first)
            end = begin + 1
        else:
            kept = np.flatnonzero(keep)
            begin = np.flatnonzero(first)
            end = kept[np.searchsorted(kept, begin) + 1]
        return np.concatenate([begin, dots]), np.concatenate([end, dots])

    def of_each_point(self) -> NDArray[np.intp]:
        """The stroke that each point belongs to, (n,)."""
        return np.repeat(np.arange(len(self.widths)), self.sizes)
