"""The sheet of paper: strokes and filled cells, with undo and redo. Draws no pixels and runs no network.

Its contents are immutable snapshots. So a step of history costs one reference, and to find out whether the drawing
has changed, code compares snapshots by identity.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike

from .strokes import Points, Stroke, distance_to_path, erase

#: Cells along a side in pixel mode: as many as the network's input has pixels.
CELLS = 28
#: Steps that can be undone, which limits the memory.
MAX_HISTORY = 200

Cell = tuple[int, int]  # row, column


@dataclass(frozen=True, slots=True, eq=False)
class Snapshot:
    """The contents of a sheet: strokes in its units, and filled cells (row, column)."""

    strokes: tuple[Stroke, ...] = ()
    cells: frozenset[Cell] = frozenset()

    @property
    def is_empty(self) -> bool:
        """True if there is no ink of any kind."""
        return not self.strokes and not self.cells

    def ink(self, size: float) -> tuple[Stroke, ...]:
        """Strokes and filled cells, all as strokes, for a sheet of side `size` units."""
        return (*self.strokes, *cell_strokes(self.cells, size / CELLS))


class Sheet:
    """A square sheet of side `size` units with a history. `now` is its current contents."""

    def __init__(self, size: float) -> None:
        self.size = size
        self.now = Snapshot()
        self._past: list[Snapshot] = []
        self._future: list[Snapshot] = []

    def begin_action(self) -> None:
        """Begin an action. All changes up to the next call are undone in one step."""
        self._past = [*self._past[-MAX_HISTORY + 1 :], self.now]
        self._future.clear()

    def end_action(self) -> None:
        """End an action. If it has changed nothing, there is no step to undo."""
        if self._past and self._past[-1] is self.now:
            self._past.pop()

    def cancel_action(self) -> None:
        """Take the current action back, as if it had not begun."""
        if self._past:
            self.now = self._past.pop()

    def add(self, *strokes: Stroke) -> None:
        """Put strokes on the sheet, as part of the current action."""
        self.now = replace(self.now, strokes=(*self.now.strokes, *strokes))

    def draw(self, *strokes: Stroke) -> None:
        """Replace the strokes of the current action by these, while the pen is still drawing."""
        before = self._past[-1] if self._past else Snapshot()
        self.now = replace(self.now, strokes=(*before.strokes, *strokes))

    def erase(self, path: ArrayLike, radius: float) -> None:
        """Erase all ink within `radius` of a path (n, 2), as part of the current action."""
        strokes = erase(self.now.strokes, path, radius)
        cells = self.now.cells
        if cells:
            listed = sorted(cells)
            away = distance_to_path(_centres(listed, self.size / CELLS), np.asarray(path, np.float32).reshape(-1, 2))
            cells = frozenset(cell for cell, distance in zip(listed, away, strict=True) if distance > radius)
        if cells != self.now.cells or strokes != self.now.strokes:
            self.now = Snapshot(strokes, cells)

    def fill(self, cell: Cell, filled: bool = True) -> None:
        """Fill or empty one cell, as part of the current action. Strokes through an emptied cell are cut."""
        if not (0 <= cell[0] < CELLS and 0 <= cell[1] < CELLS):
            return
        if filled and cell in self.now.cells:
            return
        if filled:
            self.now = replace(self.now, cells=self.now.cells | {cell})
            return
        side = self.size / CELLS
        middle = ((cell[1] + 0.5) * side, (cell[0] + 0.5) * side)
        self.now = Snapshot(erase(self.now.strokes, [middle], side * 0.7), self.now.cells - {cell})

    def clear(self) -> None:
        """Empty the sheet, as an action that can be undone."""
        if not self.now.is_empty:
            self.begin_action()
            self.now = Snapshot()

    def undo(self) -> bool:
        """Undo the last action. False if there is none."""
        return self._travel(self._past, self._future)

    def redo(self) -> bool:
        """Redo the last action that was undone. False if there is none."""
        return self._travel(self._future, self._past)

    @property
    def can_undo(self) -> bool:
        """True if `undo` would do something."""
        return bool(self._past)

    @property
    def can_redo(self) -> bool:
        """True if `redo` would do something."""
        return bool(self._future)

    def _travel(self, source: list[Snapshot], target: list[Snapshot]) -> bool:
        if not source:
            return False
        target.append(self.now)
        self.now = source.pop()
        return True


def cell_strokes(cells: Iterable[Cell], side: float) -> tuple[Stroke, ...]:
    """Filled cells of side `side` as strokes: lines between the centres of neighbours, and dots for single cells.

    So drawings in pixel mode are normalised as those of the pen are, at any size and place.
    """
    known, linked, strokes = set(cells), set(), []
    for row, column in sorted(known):
        for near in ((row, column + 1), (row + 1, column - 1), (row + 1, column), (row + 1, column + 1)):
            if near in known:
                linked |= {near, (row, column)}
                strokes.append(_cell_stroke(((row, column), near), side))
    return (*strokes, *(_cell_stroke((cell,), side) for cell in sorted(known - linked)))


@lru_cache(maxsize=5 * CELLS * CELLS)
def _cell_stroke(cells: tuple[Cell, ...], side: float) -> Stroke:
    """The line through the centres of cells. Kept, so that a change of one cell makes only its own lines anew."""
    return Stroke(_centres(cells, side))


def _centres(cells: Sequence[Cell], side: float) -> Points:
    """Centres of n cells, float32 (n, 2), x first."""
    return ((np.array(cells)[:, ::-1] + 0.5) * side).astype(np.float32)
