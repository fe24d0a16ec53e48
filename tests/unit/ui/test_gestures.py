"""What the tools do to the sheet, point by point, as the pad feeds them."""

from __future__ import annotations

import numpy as np
import pytest

from tabgrad.ink import Sheet
from tabgrad.ui.pad.gestures import CellGesture, EraserGesture, PenGesture, begin, cell_at


def points(*pairs: tuple[float, float]) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    return np.array(pairs, np.float32)


def test_a_stroke_grows_in_one_step_of_history() -> None:
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


def test_a_stroke_that_leaves_the_sheet_comes_back_as_another_piece() -> None:
    sheet = Sheet(280)
    PenGesture(sheet, 1).move(points((100, 100), (400, 100), (400, 200), (100, 200)))
    assert len(sheet.now.strokes) == 2
    assert all(stroke.points.min() >= 0 and stroke.points.max() <= 280 for stroke in sheet.now.strokes)


def test_the_eraser_works_between_the_points_it_is_given() -> None:
    sheet = Sheet(280)
    PenGesture(sheet, 1).move(points((10, 140), (270, 140)))
    gesture = EraserGesture(sheet, 10)
    gesture.move(points((140, 20)))
    gesture.move(points((140, 260)))
    assert len(sheet.now.strokes) == 2


def test_cells_are_filled_without_gaps_and_emptied_by_starting_on_a_filled_one() -> None:
    sheet = Sheet(280)
    CellGesture(sheet).move(points((5, 5), (275, 5)))
    assert sheet.now.cells == {(0, column) for column in range(28)}
    CellGesture(sheet).move(points((5, 5), (135, 5)))
    assert sheet.now.cells == {(0, column) for column in range(14, 28)}


@pytest.mark.parametrize("tool", ["pen", "eraser", "cells"])
def test_no_tool_minds_points_far_outside(tool: str) -> None:
    sheet = Sheet(280)
    begin(tool, sheet, 1, 16).move(points((-1e6, 5), (1e6, -1e6)))  # type: ignore[arg-type]  # a Literal there
    assert all(0 <= row < 28 and 0 <= column < 28 for row, column in sheet.now.cells)


def test_cell_at_counts_rows_first() -> None:
    assert cell_at(points((25, 7))[0], 10) == (0, 2)
    assert cell_at(points((-1, 281))[0], 10) == (28, -1)
