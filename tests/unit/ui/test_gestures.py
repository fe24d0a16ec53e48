"""What each tool does to the sheet, with the points that the pad gives it."""

from __future__ import annotations

import numpy as np
import pytest

from tabgrad.ink import Sheet
from tabgrad.ui.pad.gestures import CellGesture, EraserGesture, PenGesture, begin, cell_at


def points(*pairs: tuple[float, float]) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    return np.array(pairs, np.float32)


def test_a_stroke_in_many_moves_is_one_step_to_undo() -> None:
    sheet = Sheet(280)
    gesture = PenGesture(sheet, 1.5)
    rng = np.random.default_rng(0)
    drawn = rng.uniform(0, 280, (1000, 2)).astype(np.float32)
    parts = np.split(drawn, [1, 2, 50, 700])
    added = [gesture.move(part) for part in parts]
    (stroke,) = sheet.now.strokes
    np.testing.assert_array_equal(stroke.points, drawn)
    assert stroke.width == 1.5
    assert [len(part) for part in added] == [1, 2, 49, 651, 301]  # each begins where the one before ended
    sheet.undo()
    assert sheet.now.is_empty


def test_a_stroke_that_leaves_the_sheet_and_comes_back_is_two_pieces() -> None:
    sheet = Sheet(280)
    PenGesture(sheet, 1).move(points((100, 100), (400, 100), (400, 200), (100, 200)))
    assert len(sheet.now.strokes) == 2
    assert all(stroke.points.min() >= 0 and stroke.points.max() <= 280 for stroke in sheet.now.strokes)


def test_the_eraser_also_erases_between_two_points() -> None:
    sheet = Sheet(280)
    PenGesture(sheet, 1).move(points((10, 140), (270, 140)))
    gesture = EraserGesture(sheet, 10)
    gesture.move(points((140, 20)))
    gesture.move(points((140, 260)))
    assert len(sheet.now.strokes) == 2


def test_a_cell_gesture_leaves_no_gaps_and_empties_when_it_starts_on_a_filled_cell() -> None:
    sheet = Sheet(280)
    CellGesture(sheet).move(points((5, 5), (275, 5)))
    assert sheet.now.cells == {(0, column) for column in range(28)}
    CellGesture(sheet).move(points((5, 5), (135, 5)))
    assert sheet.now.cells == {(0, column) for column in range(14, 28)}


@pytest.mark.parametrize("tool", ["pen", "eraser", "cells"])
def test_every_tool_accepts_points_far_outside(tool: str) -> None:
    sheet = Sheet(280)
    begin(tool, sheet, 1, 16).move(points((-1e6, 5), (1e6, -1e6)))  # type: ignore[arg-type]  # a Literal there
    assert all(0 <= row < 28 and 0 <= column < 28 for row, column in sheet.now.cells)


def test_cell_at_counts_rows_first() -> None:
    assert cell_at(points((25, 7))[0], 10) == (0, 2)
    assert cell_at(points((-1, 281))[0], 10) == (28, -1)
