"""The sheet of paper: strokes and filled cells with undo and redo. It never rasterises and never predicts.

Contents are immutable snapshots, so a step of history costs one reference, and whoever holds a snapshot can
compare it by identity to learn whether the drawing changed.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike

from .strokes import Points, Stroke, distance_to_path, erase

#: The pixel mode's grid is as fine as the network's input.
CELLS = 28
#: Steps that can be undone; the memory of a session stays bounded.
MAX_HISTORY = 200

Cell = tuple[int, int]  # row, column


@dataclass(frozen=True, slots=True, eq=False)
class Snapshot:
    """What is on the sheet: strokes in sheet units and filled cells (row, column)."""

    strokes: tuple[Stroke, ...] = ()
    cells: frozenset[Cell] = frozenset()

    @property
    def is_empty(self) -> bool:
        """True if there is no ink of any kind."""
        return not self.strokes and not self.cells

    def ink(self, size: float) -> tuple[Stroke, ...]:
        """Everything as strokes, for a sheet of side `size` units."""
        return (*self.strokes, *cell_strokes(self.cells, size / CELLS))


class Sheet:
    """A square sheet of side `size` units with history. `now` is what is on it."""

    def __init__(self, size: float) -> None:
        self.size = size
        self.now = Snapshot()
        self._past: list[Snapshot] = []
        self._future: list[Snapshot] = []

    def checkpoint(self) -> None:
        """Begin an action: what follows, up to the next call, is undone in one step."""
        self._past = [*self._past[-MAX_HISTORY + 1 :], self.now]
        self._future.clear()

    def settle(self) -> None:
        """End an action; one that changed nothing leaves no step to undo."""
        if self._past and self._past[-1] is self.now:
            self._past.pop()

    def add(self, *strokes: Stroke) -> None:
        """Put strokes on the sheet, as part of the current action."""
        self.now = replace(self.now, strokes=(*self.now.strokes, *strokes))

    def redraw(self, *strokes: Stroke) -> None:
        """Let these strokes be all that the current action has drawn: for a stroke that still grows."""
        before = self._past[-1] if self._past else Snapshot()
        self.now = replace(self.now, strokes=(*before.strokes, *strokes))

    def erase(self, path: ArrayLike, radius: float) -> None:
        """Cut strokes and empty cells within `radius` of a path (n, 2), as part of the current action."""
        strokes = erase(self.now.strokes, path, radius)
        cells = self.now.cells
        if cells:
            listed = sorted(cells)
            away = distance_to_path(_centres(listed, self.size / CELLS), np.asarray(path, np.float32).reshape(-1, 2))
            cells = frozenset(cell for cell, distance in zip(listed, away, strict=True) if distance > radius)
        if cells != self.now.cells or strokes != self.now.strokes:
            self.now = Snapshot(strokes, cells)

    def fill(self, cell: Cell, filled: bool = True) -> None:
        """Fill or empty one cell, as part of the current action; strokes through an emptied cell are cut."""
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
        """Empty the sheet; can be undone."""
        if not self.now.is_empty:
            self.checkpoint()
            self.now = Snapshot()

    def undo(self) -> bool:
        """Take back the last action; False if there is none."""
        return self._travel(self._past, self._future)

    def redo(self) -> bool:
        """Repeat the last action taken back; False if there is none."""
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
    """Filled cells of side `side` as strokes: neighbours are linked through their centres, lone cells are dots.

    So the pixel mode goes through the same normalisation as the pen, at any size and place.
    """
    known, linked, strokes = set(cells), set(), []
    for row, column in sorted(known):
        for near in ((row, column + 1), (row + 1, column - 1), (row + 1, column), (row + 1, column + 1)):
            if near in known:
                linked |= {near, (row, column)}
                strokes.append(Stroke(_centres([(row, column), near], side)))
    return (*strokes, *(Stroke(_centres([cell], side)) for cell in sorted(known - linked)))


def _centres(cells: Sequence[Cell], side: float) -> Points:
    """Centres of cells as points (n, 2), x first."""
    return ((np.array(cells)[:, ::-1] + 0.5) * side).astype(np.float32)
