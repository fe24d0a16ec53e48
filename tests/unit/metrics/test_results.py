"""The record of a network: counts against counting by hand, intervals against their definition."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tabgrad.metrics import Z_95, Results, log_softmax, softmax, wilson_95


def some_results(count: int = 500, seed: int = 0) -> Results:
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 10, count)
    logits = rng.normal(0, 2, (count, 10))
    logits[np.arange(count), labels] += 2
    return Results(logits.astype(np.float32), labels.astype(np.uint8))


def test_confusion_and_errors_are_counted_right() -> None:
    results = some_results()
    by_hand = np.zeros((10, 10), int)
    for logits, truth in zip(results.logits, results.labels, strict=True):
        by_hand[truth, logits.argmax()] += 1
    np.testing.assert_array_equal(results.confusion, by_hand)
    assert results.errors == 500 - np.trace(by_hand) > 0
    errors, low, high = results.errors_of_10000
    assert low < errors == results.errors * 20 < high


def test_cells_hold_their_images_and_the_surest_come_first() -> None:
    results = some_results()
    sure = softmax(results.logits).max(1)
    for truth in range(10):
        for answer in range(10):
            cell = results.cell(truth, answer)
            assert len(cell) == results.confusion[truth, answer]
            assert all(results.labels[i] == truth and results.answers[i] == answer for i in cell)
            assert (np.diff(sure[cell]) <= 0).all()
    gallery = results.gallery()
    assert len(gallery) == results.errors
    assert (results.answers[gallery] != results.labels[gallery]).all()
    assert (np.diff(sure[gallery]) <= 0).all()
    assert (np.diff(sure[results.gallery("unsure")]) >= 0).all()


@given(st.integers(0, 300), st.integers(1, 300))
def test_wilsons_interval_is_where_the_score_test_is_undecided(hits: int, count: int) -> None:
    hits = min(hits, count)
    low, high = wilson_95(hits, count)
    share = hits / count
    assert 0 <= low <= share + 1e-12
    assert share - 1e-12 <= high <= 1
    for p in (low, high):
        if 1e-9 < p < 1 - 1e-9:
            assert abs(share - p) == pytest.approx(Z_95 * np.sqrt(p * (1 - p) / count), abs=1e-9)


def test_wilsons_interval_of_a_known_case() -> None:
    assert wilson_95(0, 0) == (0, 1)
    assert wilson_95(81, 263) == pytest.approx((0.2553, 0.3662), abs=5e-5)  # Newcombe 1998, Stat. Med. 17, table I


def test_calibration_of_an_honest_network_is_near_the_diagonal() -> None:
    rng = np.random.default_rng(1)
    logits = rng.normal(0, 1.5, (40_000, 10))
    cumulated = softmax(logits).cumsum(1)
    labels = (rng.uniform(size=(40_000, 1)) > cumulated).sum(1)  # labels drawn from the network's own probabilities
    honest = Results(logits, labels)
    assert honest.expected_calibration_error() < 0.02
    assert Results(logits * 3, labels).expected_calibration_error() > 0.15
    assert Results(logits * 3, labels, temperature=3).expected_calibration_error() < 0.02
    bins = honest.calibration()
    assert sum(b.count for b in bins) == 40_000
    assert all(b.low <= b.confidence <= b.high for b in bins)


def test_certain_answers_fall_into_the_last_bin() -> None:
    results = Results(np.eye(10) * 1000, np.arange(10))
    (only,) = results.calibration()
    assert (only.low, only.high, only.count, only.accuracy) == (0.9, 1, 10, 1)
    assert results.expected_calibration_error() == 0


def test_logits_of_other_images_are_refused() -> None:
    with pytest.raises(ValueError, match="not of the same images"):
        Results(np.zeros((3, 10)), np.zeros(4, int))


def test_scores_are_exact_and_do_not_overflow() -> None:
    logits = np.array([[1000.0] + [0.0] * 9, [0.0] * 10], np.float32)
    measured = Results(logits, np.array([0, 3], np.uint8))
    assert measured.loss == pytest.approx(math.log(10) / 2)
    assert measured.accuracy == 0.5
    assert measured.confusion[0, 0] == 1
    assert measured.confusion[3, 0] == 1
    assert measured.confusion.sum() == 2


def test_the_interval_is_wilsons() -> None:
    low, high = wilson_95(9750, 10_000)
    assert (round(low, 4), round(high, 4)) == (0.9718, 0.9779)
    low, high = wilson_95(100, 100)
    assert low == pytest.approx(0.963, abs=1e-3)
    assert high == pytest.approx(1.0)


def test_log_softmax_is_the_logarithm_of_softmax() -> None:
    logits = np.random.default_rng(0).normal(0, 5, (20, 10))
    np.testing.assert_allclose(np.exp(log_softmax(logits)), softmax(logits), rtol=1e-12)
