"""The drawing that is kept over a reload is, after it, the same drawing: strokes with their widths, and cells."""

from __future__ import annotations

import json

import numpy as np
import pytest

from tabgrad.ink import MAX_PEN_WIDTH, Sheet, Snapshot, Stroke
from tabgrad.ui.examples import example
from tabgrad.ui.pad.gestures import begin
from tabgrad.ui.pad.ink_log import MAX_ACTIONS, MAX_BYTES, from_log, to_log
from tabgrad.ui.prediction import PAD_UNITS, standard_input


def replayed(log: str) -> Snapshot:
    """What the pad makes of a log."""
    sheet = Sheet(PAD_UNITS)
    actions, pointer = from_log(f'{{"log": {log}, "pointer": -1}}')
    assert pointer == -1
    for action in actions:
        assert action.tool != "clear"
        begin(action.tool, sheet, action.width, 16).move(action.points)
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


@pytest.mark.parametrize("text", ["", "[" * 5000, "[]", '{"log": 3}', '{"log": [], "pointer": NaN}'])
def test_a_log_that_is_none_leaves_an_empty_pad(text: str) -> None:
    assert from_log(text) == ([], -1)


def test_what_is_no_action_is_left_out() -> None:
    pen = {"tool": "pen", "width": 1.5, "points": [1, 2, 3, 4]}
    changes: list[dict[str, object]] = [
        *({"tool": tool} for tool in (3, ["pen"], "brush")),
        *({"points": points} for points in ([], [1], ["1", "2"], [1e9, 2], [[1, 2]], 7, [1, True], [-(1 << 63), 0])),
        *({"width": width} for width in (0, -1, "2", 1e9, True)),
    ]
    log = [pen, *({**pen, **change} for change in changes), 7, None, {"tool": "clear"}, pen]
    actions, pointer = from_log(json.dumps({"log": log, "pointer": 4}))
    assert [action.tool for action in actions] == ["pen", "clear", "pen"]
    assert (actions[0].points.tolist(), actions[0].width, pointer) == ([[1, 2], [3, 4]], 1.5, 4)


def test_a_log_that_is_too_long_is_cut_and_wide_pens_are_narrowed() -> None:
    pen = {"tool": "pen", "width": 60, "points": [1, 2]}
    actions, _ = from_log(json.dumps({"log": [pen] * (MAX_ACTIONS + 1), "pointer": -1}))
    assert len(actions) == MAX_ACTIONS
    assert {action.width for action in actions} == {MAX_PEN_WIDTH}
    assert from_log(json.dumps({"log": [pen], "more": "x" * MAX_BYTES})) == ([], -1)
