"""What a time is worth on clocks that tick coarsely, stand still, or are set back."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import count

import pytest

from tabgrad.interop.clock import MAX_TIMES, MEAN_TICKS, Clock, MeanTime, Reading, measured, tick_s


def rounded(tick: float, step: float) -> tuple[Clock, list[float]]:
    """A clock rounded to `tick`, on a machine where each reading takes `step`; and its exact time."""
    now = [0.0]

    def read() -> float:
        now[0] += step
        return math.floor(now[0] / tick) * tick

    return Clock(read), now


@pytest.mark.parametrize("tick", [5e-6, 1e-4, 1e-3])
def test_the_tick_of_a_fine_clock_is_seen_at_once(tick: float) -> None:
    clock, now = rounded(tick, 7e-7)
    assert clock.tick_s == pytest.approx(tick)
    assert now[0] < 0.003


def test_the_tick_of_a_coarse_clock_is_assumed_until_it_is_seen() -> None:
    clock, now = rounded(0.0166, 7e-7)
    assert clock.tick_s == 0.1
    assert now[0] < 0.003, "the page does not wait for a tick"
    now[0] += 0.05
    clock.now_s()
    assert clock.tick_s == pytest.approx(3 * 0.0166)
    now[0] += 0.0166
    clock.now_s()
    assert clock.tick_s == pytest.approx(0.0166)


def test_a_clock_that_stands_still_is_taken_for_a_coarse_one() -> None:
    clock = Clock(lambda: 7.0)
    assert (clock.now_s(), clock.tick_s) == (7.0, 0.1)


def test_time_never_goes_back() -> None:
    readings = iter([1.0, 1.1, 1.2, 1.2, 0.2, 0.3, -5.0, -4.5, 9.5])
    clock = Clock(lambda: next(readings))  # sees two ticks
    times = [clock.now_s() for _ in range(6)]
    assert times == pytest.approx([1.2, 1.2, 1.3, 1.3, 1.8, 15.8])
    assert clock.tick_s == pytest.approx(0.1)


def test_the_real_clock_ticks() -> None:
    assert 0 < tick_s() < 0.1


def test_a_time_on_a_coarse_clock_is_a_bound() -> None:
    assert measured(0.0, tick_s=0.1) == Reading(0.1, True)
    assert measured(0.1, tick_s=0.1) == Reading(0.2, True)
    assert measured(0.5, tick_s=0.1) == Reading(0.5)
    assert measured(0.0, count=60, tick_s=0.1) == Reading(pytest.approx(0.005), True)


def test_a_time_on_a_usual_clock_is_at_least_a_share_of_its_tick() -> None:
    assert measured(0.0, tick_s=0.001) == Reading(0.001)
    assert measured(0.0, count=4, tick_s=0.001) == Reading(0.00025)


@pytest.fixture
def times() -> MeanTime:
    return MeanTime(lambda: 0.001)


def test_a_time_of_many_ticks_is_its_own_mean(times: MeanTime) -> None:
    assert times.add(0.5).seconds == pytest.approx(0.5)
    assert times.add(0.02).seconds == pytest.approx(0.02)


def test_times_shorter_than_a_tick_are_averaged(times: MeanTime) -> None:
    for time_s in [0.0, 0.001, 0.0, 0.0] * 10:
        mean = times.add(time_s)
    assert mean == Reading(pytest.approx(0.00025, rel=0.1))


def test_only_the_latest_times_count(times: MeanTime) -> None:
    times.add(7.0)
    for _ in range(MEAN_TICKS):
        mean = times.add(0.001)
    assert mean.seconds == pytest.approx(0.001)


def test_a_mean_is_never_zero(times: MeanTime) -> None:
    assert times.add(0.0).seconds == pytest.approx(0.001)
    assert times.add(0.0).seconds == pytest.approx(0.0005)


def test_clearing_forgets(times: MeanTime) -> None:
    times.add(0.001)
    times.clear()
    assert times.add(0.003).seconds == pytest.approx(0.003)


@pytest.mark.parametrize("time_s", [0.0004, 0.003, 0.07])
def test_on_a_coarse_clock_a_bound_becomes_a_mean(time_s: float) -> None:
    """Each time is measured on a clock of 100 ms. The bound holds, and it falls, until there is a mean."""
    times, begins = MeanTime(lambda: 0.1), count(0.0123, 0.0789)
    found = [times.add(_on_ticks(begin, time_s, 0.1)) for begin, _ in zip(begins, range(MAX_TIMES), strict=False)]
    assert found[0].is_bound
    assert all(reading.seconds > time_s for reading in found if reading.is_bound)
    if time_s * MAX_TIMES > 0.5:
        assert not found[-1].is_bound
        assert found[-1].seconds == pytest.approx(time_s, rel=0.5)


def _on_ticks(begin_s: float, time_s: float, tick: float) -> float:
    ticks: Callable[[float], int] = lambda t: math.floor(t / tick)  # noqa: E731
    return (ticks(begin_s + time_s) - ticks(begin_s)) * tick
