"""The mean of times that are shorter than a tick of the browser's clock."""

from __future__ import annotations

from itertools import chain, count

import pytest

from tabgrad.ui.prediction import MIN_TICKS, MeanTime


@pytest.fixture
def times() -> MeanTime:
    """On a clock that ticks once a millisecond, and shows each time twice."""
    return MeanTime(chain.from_iterable((n / 1000, n / 1000) for n in count()).__next__)


def test_a_time_of_many_ticks_is_its_own_mean(times: MeanTime) -> None:
    assert times.add(0.5) == 0.5
    assert times.add(0.02) == 0.02


def test_times_shorter_than_a_tick_are_averaged(times: MeanTime) -> None:
    for time_s in [0.0, 0.001, 0.0, 0.0] * 10:
        mean_s = times.add(time_s)
    assert mean_s == pytest.approx(0.00025, rel=0.1)


def test_only_the_latest_times_count(times: MeanTime) -> None:
    times.add(7.0)
    for _ in range(MIN_TICKS):
        mean_s = times.add(0.001)
    assert mean_s == pytest.approx(0.001)


def test_a_mean_is_never_zero(times: MeanTime) -> None:
    assert times.add(0.0) == pytest.approx(0.001)
    assert times.add(0.0) == pytest.approx(0.0005)


def test_clearing_forgets(times: MeanTime) -> None:
    times.add(0.001)
    times.clear()
    assert times.add(0.003) == pytest.approx(0.003)


def test_the_real_clock_ticks() -> None:
    assert MeanTime().add(0.0) > 0
