"""What each tool does to the sheet while it is pressed and moved. Knows no document: the pad gives it points."""

from __future__ import annotations

from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from tabgrad.ink import CELLS, Sheet, Stroke, clip_polyline

Tool = Literal["pen", "eraser", "cells"]
Points = NDArray[np.float32]
#: A fast pointer skips cells. Points are added on its way at this distance, as a share of a cell's side.
_CELL_STEP = 0.5


class Gesture(Protocol):
    """One press, from down to up. Undo takes all of it back in one step."""

    def move(self, points: Points) -> Points | None:
        """Go on through `points` (n, 2), n >= 1, in sheet units, possibly outside the sheet.

        Returns the polyline (m, 2) to paint, or None if the whole picture has to be painted again.
        """


class PenGesture:
    """Draws a stroke. It is cut off at the edge of the sheet; coming back starts a new piece."""

    def __init__(self, sheet: Sheet, width: float) -> None:
        self._sheet, self._width = sheet, width
        self._points: Points = np.empty((64, 2), np.float32)
        self._count = 0
        sheet.begin_action()

    def move(self, points: Points) -> Points:
        known, self._count = self._count, self._count + len(points)
        while self._count > len(self._points):  # doubled, so that a long stroke is not copied on every movement
            self._points = np.concatenate([self._points, np.empty_like(self._points)])
        self._points[known : self._count] = points
        pieces = clip_polyline(self._points[: self._count].copy(), 0, self._sheet.size)
        self._sheet.draw(*(Stroke(piece, self._width) for piece in pieces))
        return self._points[max(0, known - 1) : self._count]


class EraserGesture:
    """Cuts strokes and empties cells along its path."""

    def __init__(self, sheet: Sheet, radius: float) -> None:
        self._sheet, self._radius = sheet, radius
        self._last: Points | None = None
        sheet.begin_action()

    def move(self, points: Points) -> None:
        path = points if self._last is None else np.concatenate([self._last, points])
        self._last = points[-1:]
        self._sheet.erase(path, self._radius)


class CellGesture:
    """Fills the cells it touches, or empties them if the first one was filled."""

    def __init__(self, sheet: Sheet) -> None:
        self._sheet = sheet
        self._last: Points | None = None
        self._fill = True
        sheet.begin_action()

    def move(self, points: Points) -> None:
        side = self._sheet.size / CELLS
        if self._last is None:
            self._fill = cell_at(points[0], side) not in self._sheet.now.cells
            self._last = points[0]
        for point in points:
            path = point - self._last
            steps = max(1, int(np.ceil(np.abs(path).max() / (side * _CELL_STEP))))
            for i in range(1, min(steps, 4 * CELLS) + 1):
                self._sheet.fill(cell_at(self._last + path * (i / steps), side), self._fill)
            self._last = point


def cell_at(point: Points, side: float) -> tuple[int, int]:
    """Row and column of the cell under a point (2,). Outside the sheet they are outside the grid, too."""
    column, row = np.floor(point / side).astype(int).tolist()
    return row, column


def begin(tool: Tool, sheet: Sheet, width: float, eraser_units: float) -> Gesture:
    """Start the gesture of a tool. `eraser_units` is the eraser's radius at width 1."""
    if tool == "pen":
        return PenGesture(sheet, width)
    return EraserGesture(sheet, eraser_units * width) if tool == "eraser" else CellGesture(sheet)
