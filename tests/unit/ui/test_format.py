"""How numbers are written on the page: one form for each kind, the same in every panel."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tabgrad.ui.widgets.format import (
    MINUS,
    NBSP,
    amount,
    confidence,
    duration,
    ends,
    interval_95,
    milliseconds,
    percent,
    rounded_to_sum,
    short_time,
    signed,
    with_interval,
)


def plain(text: str) -> str:
    """With usual spaces, as it is seen."""
    return text.replace(NBSP, " ")


def test_a_share_is_never_taken_apart_by_a_line_break() -> None:
    assert percent(0.9753, 2) == f"97.53{NBSP}%"
    assert percent(0) == f"0{NBSP}%"
    assert percent(1) == f"100{NBSP}%"


@pytest.mark.parametrize(
    ("probability", "text"),
    [
        (0, "0 %"),
        (0.0009, "0 %"),
        (0.004, "0.4 %"),
        (0.0999, "10.0 %"),
        (0.423, "42 %"),
        (0.99, "99.0 %"),
        (0.996, "99.6 %"),
        (0.9994, "99.9 %"),
        (0.9996, "100 %"),
        (1, "100 %"),
    ],
)
def test_a_confidence_keeps_a_digit_near_100_percent(probability: float, text: str) -> None:
    assert plain(confidence(probability)) == text


def test_an_interval_is_shown_where_it_is_wide() -> None:
    assert plain(interval_95(0.397, 0.892)) == "95 % interval 40 % to 89 %"
    assert plain(with_interval(0.9825, [0.9797, 0.9849], 10_000)) == "98.25 %"
    assert plain(with_interval(1.0, [0.772, 1.0], 13)) == "100.00 % (95 % interval 77 to 100 %)"
    assert plain(ends([0.9797, 0.9849])) == "98.0 to 98.5 %"
    assert plain(with_interval(1.0, [0.9854, 1.0], 260)) == "100.00 % (95 % interval 98.5 to 100.0 %)"


def test_a_sign_stands_before_every_number_but_zero() -> None:
    assert [signed(x) for x in (1.5, -0.25, 0, -0.004)] == ["+1.50", f"{MINUS}0.25", "0.00", "0.00"]
    assert signed(-math.pi, 4) == f"{MINUS}3.1416"


def test_amounts_have_three_digits() -> None:
    assert [amount(n) for n in (0, 950, 12_345, 4_500_000, 2e9)] == ["0", "950", "12.3 k", "4.5 M", "2 G"]
    assert [amount(n, "B") for n in (128, 1_540)] == ["128 B", "1.54 kB"]


def test_short_times_have_three_digits_in_the_unit_that_fits() -> None:
    times = {0.0000244: "24.4 ns", 0.000778: "778 ns", 0.00634: "6.34 \N{MICRO SIGN}s", 0.99949: "999 \N{MICRO SIGN}s"}
    assert {ms: short_time(ms) for ms in times} == times
    assert [short_time(ms) for ms in (0.9996, 4.561, 70)] == ["1 ms", "4.56 ms", "70 ms"]


def test_milliseconds_have_more_digits_below_one() -> None:
    assert [milliseconds(ms) for ms in (0.347, 1, 12.345)] == ["0.35 ms", "1.0 ms", "12.3 ms"]


def test_durations_grow_from_seconds_to_minutes() -> None:
    assert [duration(s) for s in (0.84, 12.3, 185.2)] == ["0.8 s", "12 s", "3 min 05 s"]


@given(st.lists(st.floats(-50, 50), min_size=1, max_size=140), st.sampled_from([1, 2, 3]))
def test_figures_add_up_as_printed(parts: list[float], decimals: int) -> None:
    total = math.fsum(parts)
    shown = rounded_to_sum(parts, total, decimals)
    printed = [round(part * 10**decimals) for part in shown]
    assert sum(printed) == round(total * 10**decimals)
    for part, exact in zip(shown, parts, strict=True):
        assert abs(part - exact) <= 1.001 * 10**-decimals, "a part is a step off at most"


def test_rounding_leaves_what_is_exact_alone() -> None:
    assert rounded_to_sum([-0.004, -1.524], -1.528) == [0, -1.53]  # rounded each by itself: 0.00 and -1.52
    assert rounded_to_sum([1.25, 0.0, -0.5], 0.75) == [1.25, 0, -0.5]
    assert rounded_to_sum([], 0) == []
    assert sum(rounded_to_sum([0.3333] * 3, 1.0, 3)) == pytest.approx(1)
