"""Ink to bars: an event counts as answered by the first prediction that knew of it, and by no earlier one."""

import pytest

from scripts.bench_inside import latencies


def test_an_answer_begun_before_an_event_does_not_answer_it() -> None:
    events = [[0.0, 4.0], [16.0, 17.0], [32.0, 60.0]]
    answers = [[4.0, 10.0, 18.0], [10.0, 20.0, 30.0], [17.0, 40.0, 50.0], [60.0, 65.0, 80.0]]
    found = latencies(events, answers)
    assert found["bars_ms"] == pytest.approx([10, 24, 33])
    assert found["frame_ms"] == pytest.approx([18, 34, 48])


def test_ink_that_was_never_answered_has_no_latency() -> None:
    assert latencies([[0.0, 1.0]], [[0.5, 2.0, 3.0]]) == {"bars_ms": [], "frame_ms": []}
