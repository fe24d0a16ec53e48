"""The drawing that is kept over a reload is, after it, the same drawing: strokes with their widths, and cells."""

from __future__ import annotations

import json

import numpy as np

from tabgrad.ink import Sheet, Snapshot, Stroke
from tabgrad.ui.examples import example
from tabgrad.ui.pad.gestures import begin
from tabgrad.ui.pad.ink_log import to_log
from tabgrad.ui.prediction import PAD_UNITS, standard_input


def replayed(log: str) -> Snapshot:
    """What the pad makes of a log."""
    sheet = Sheet(PAD_UNITS)
    for action in json.loads(log):
        points = np.array(action["points"], np.float32).reshape(-1, 2)
        begin(action["tool"], sheet, action["width"], 16).move(points)
    return sheet.now


def test_strokes_are_drawn_again_as_they_were() -> None:
    _, ink = example(2)
    ink = Snapshot((*ink.strokes, Stroke(np.array([[5, 5]], np.float32), 1.7)))
    again = replayed(to_log(ink, PAD_UNITS, 22))
    assert [s.width for s in again.strokes] == [s.width for s in ink.strokes]
    for one, other in zip(again.strokes, ink.strokes, strict=True):
        np.testing.assert_allclose(one.points, other.points, atol=0.006)
    np.testing.assert_allclose(standard_input(again), standard_input(ink), atol=0.01)


def test_cells_are_filled_again() -> None:
    ink = Snapshot((), frozenset({(0, 0), (0, 1), (13, 27), (27, 5)}))
    assert replayed(to_log(ink, PAD_UNITS, 22)).cells == ink.cells


def test_an_empty_pad_keeps_nothing() -> None:
    assert to_log(Snapshot(), PAD_UNITS, 22) == ""
