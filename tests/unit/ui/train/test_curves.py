"""What the charts show of the curves: errors that stay apart near 100 %, and axes that fit them."""

from __future__ import annotations

import numpy as np
import pytest

from tabgrad.ui.train.curves import ERROR_LIMITS, LEAST_ERRORS, LOSS_LIMITS, errors_in_100, loss_limits

NAN = float("nan")


def line(*values: float) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    return np.array(values, np.float64)


def test_errors_are_what_is_missing_to_100_percent() -> None:
    (train, validation), limits = errors_in_100([line(0.1, NAN, 0.985), line(0.1, 0.94, NAN)])
    np.testing.assert_allclose(train, [90, NAN, 1.5])
    np.testing.assert_allclose(validation, [90, 6, NAN])
    assert limits == (1, 100)


@pytest.mark.parametrize(
    ("accuracy", "low"), [(0.1, 10), (0.93, 5), (0.98, 2), (0.9805, 1), (0.995, 0.5), (0.9981, 0.1), (0.9999, 0.01)]
)
def test_the_axis_reaches_down_to_the_fewest_errors(accuracy: float, low: float) -> None:
    _, limits = errors_in_100([line(0.1, accuracy)])
    assert limits == pytest.approx((low, 100))


def test_no_errors_lie_at_the_lower_end_of_the_axis() -> None:
    """A logarithmic axis has no zero: a chart that was given one would draw nothing, or never end."""
    (shown,), (low, _) = errors_in_100([line(0.1, 0.98, 1.0, NAN)])
    assert low == 1
    np.testing.assert_allclose(shown, [90, 2, low, NAN])
    (shown,), (low, high) = errors_in_100([line(1.0, 1.0)])
    assert LEAST_ERRORS <= low < high
    assert shown.tolist() == [low, low]
    (shown,), _ = errors_in_100([line(1.0000001)])  # means of float32 can be a little more
    assert shown[0] > 0


def test_empty_charts_have_axes() -> None:
    assert errors_in_100([]) == ([], ERROR_LIMITS)
    (shown,), limits = errors_in_100([line(NAN)])
    assert np.isnan(shown).all()
    assert limits == ERROR_LIMITS
    assert loss_limits([line()]) == loss_limits([line(NAN)]) == LOSS_LIMITS


def test_losses_are_shown_from_zero_to_a_round_number_above_them() -> None:
    assert loss_limits([line(2.31, 0.1), line(NAN, 0.2)]) == (0, 2.5)
    assert loss_limits([line(2.31, 7.6)]) == (0, 8)
