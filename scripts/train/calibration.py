"""How far a network's probabilities can be trusted: temperature, calibration error, and the "not sure" threshold.

Everything is fitted on the validation split and on out-of-distribution drawings, in NumPy, from logits.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Labels = NDArray[np.integer[Any]]

#: Number of bins of the calibration error.
BINS = 15
#: At most this share of the right answers may be refused, so that most out-of-distribution drawings are refused too.
REFUSED_SHARE = 0.02


@dataclass(frozen=True)
class Calibration:
    """`temperature` divides the logits. `ece` is the expected calibration error with it, `ece_before` without it. An
    answer whose probability is below `not_sure_below` is refused: it becomes "not sure". `refused` is the share of the
    right answers that are refused, `ood_refused` the share of the out-of-distribution drawings.
    """

    temperature: float
    ece_before: float
    ece: float
    not_sure_below: float
    refused: float
    ood_refused: float


def probabilities(logits: NDArray[np.float32], temperature: float = 1.0) -> NDArray[np.float64]:
    """Softmax of logits (n, 10) / temperature. The maximum is subtracted first, so that nothing overflows."""
    scaled = logits.astype(np.float64) / temperature
    e = np.exp(scaled - scaled.max(1, keepdims=True))
    result: NDArray[np.float64] = e / e.sum(1, keepdims=True)
    return result


def fit_temperature(logits: NDArray[np.float32], labels: Labels) -> float:
    """The temperature with the least cross entropy on a held-out split, by golden-section search in its logarithm.

    Guo et al. 2017, On Calibration of Modern Neural Networks, https://arxiv.org/abs/1706.04599.
    """

    def loss(log_t: float) -> float:
        p = probabilities(logits, float(np.exp(log_t)))[np.arange(len(labels)), labels]
        return float(-np.log(p.clip(1e-300)).mean())

    low, high, ratio = -2.0, 2.0, (5**0.5 - 1) / 2
    for _ in range(40):
        a, b = high - ratio * (high - low), low + ratio * (high - low)
        low, high = (low, b) if loss(a) < loss(b) else (a, high)
    return float(np.exp((low + high) / 2))


def calibration_error(p: NDArray[np.float64], labels: Labels) -> float:
    """Expected calibration error (Guo et al. 2017): |confidence - accuracy|, averaged over bins by their size."""
    confidence, right = p.max(1), p.argmax(1) == labels
    bins = np.minimum((confidence * BINS).astype(int), BINS - 1)
    gaps = np.abs(np.bincount(bins, confidence, BINS) - np.bincount(bins, right.astype(float), BINS))
    return float(gaps.sum() / len(labels))


def refused_share(logits: NDArray[np.float32], calibration: Calibration) -> float:
    """The share of answers, in 0..1, that are refused."""
    confidence = probabilities(logits, calibration.temperature).max(1)
    return float((confidence < calibration.not_sure_below).mean())


def calibrate(logits: NDArray[np.float32], labels: Labels, ood_logits: NDArray[np.float32]) -> Calibration:
    """Fit everything: `logits` and `labels` of the validation split, `ood_logits` of out-of-distribution drawings.

    The threshold is the highest that refuses at most `REFUSED_SHARE` of the right answers, but no higher than is needed
    to refuse 95 % of the out-of-distribution drawings.
    """
    temperature = fit_temperature(logits, labels)
    p, ood = probabilities(logits, temperature), probabilities(ood_logits, temperature).max(1)
    right = p.max(1)[p.argmax(1) == labels]
    threshold = float(min(np.quantile(right, REFUSED_SHARE), np.quantile(ood, 0.95)))
    return Calibration(
        temperature=temperature,
        ece_before=calibration_error(probabilities(logits), labels),
        ece=calibration_error(p, labels),
        not_sure_below=threshold,
        refused=float((right < threshold).mean()),
        ood_refused=float((ood < threshold).mean()),
    )
