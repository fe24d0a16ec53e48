"""The results of a network on labelled images: probabilities, loss, accuracy, confusion, calibration, its mistakes.

Works on logits and labels; runs no network and draws nothing.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from tabgrad.alphabet import MAX_CLASSES, MIN_CLASSES

Array = NDArray[np.floating[Any]]
#: Two-sided 95 % quantile of the normal distribution.
Z_95 = 1.959964


def softmax(logits: Array, temperature: float = 1.0) -> NDArray[np.float64]:
    """Probabilities in the shape of `logits` (..., classes), which are divided by `temperature` first.

    A temperature calibrates them: Guo et al. 2017, https://arxiv.org/abs/1706.04599.
    """
    scaled = logits.astype(np.float64) / temperature
    powers = np.exp(scaled - scaled.max(axis=-1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=-1, keepdims=True))


def log_softmax(logits: Array) -> Array:
    """Log-probabilities in the shape and dtype of `logits` (..., classes)."""
    shifted = logits - logits.max(axis=-1, keepdims=True)
    return np.asarray(shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True)))


def mean_cross_entropy(logits: Array, labels: NDArray[np.integer[Any]]) -> float:
    """Mean cross entropy in nats of `logits` (n, classes) for `labels` (n,), in float64."""
    log_probabilities = log_softmax(logits.astype(np.float64))
    return float(-log_probabilities[np.arange(len(labels)), labels].mean())


def wilson_95(hits: int, count: int) -> tuple[float, float]:
    """Wilson's 95 % interval of a share: right for few samples and near 0 and 1, too. (0, 1) for no samples.

    Wilson 1927, "Probable inference, the law of succession, and statistical inference", JASA 22, p. 209.
    """
    if not count:
        return 0.0, 1.0
    share, z2 = hits / count, Z_95 * Z_95 / count
    middle = share + z2 / 2
    spread = Z_95 * math.sqrt(share * (1 - share) / count + z2 / (4 * count))
    return max(0.0, (middle - spread) / (1 + z2)), min(1.0, (middle + spread) / (1 + z2))


def is_confusion(counts: Sequence[Sequence[int]]) -> bool:
    """Whether rows of numbers from outside can be a confusion matrix: (classes, classes) counts."""
    size = len(counts)
    return MIN_CLASSES <= size <= MAX_CLASSES and all(len(row) == size and min(row) >= 0 for row in counts)


@dataclass(frozen=True, slots=True)
class CalibrationBin:
    """Answers whose confidence lies in low..high: how many, how confident on average, how many of them right."""

    low: float
    high: float
    count: int
    confidence: float
    accuracy: float


@dataclass(frozen=True)
class Results:
    """`logits` float (n, classes) and `labels` integers (n,) of the same images, in their order in the data set.

    `temperature` divides the logits before the softmax, as on the page; answers do not depend on it.
    """

    logits: Array
    labels: NDArray[np.integer[Any]]
    temperature: float = 1.0

    def __post_init__(self) -> None:
        if self.logits.ndim != 2 or len(self.logits) != len(self.labels) or not len(self.labels):
            raise ValueError(f"Logits {self.logits.shape} and labels {self.labels.shape} are not of the same images.")

    @cached_property
    def answers(self) -> NDArray[np.intp]:
        """The network's class for each image."""
        return np.asarray(self.logits.argmax(axis=1))

    @cached_property
    def confidences(self) -> NDArray[np.float64]:
        """Probability of each answer."""
        return np.asarray(softmax(self.logits, self.temperature).max(axis=1))

    @cached_property
    def loss(self) -> float:
        """Mean cross entropy in nats, of the logits as they are."""
        return mean_cross_entropy(self.logits, self.labels)

    @property
    def accuracy(self) -> float:
        """Share of right answers, 0..1."""
        return (len(self.labels) - self.errors) / len(self.labels)

    @property
    def interval_95(self) -> tuple[float, float]:
        """The 95 % interval of the accuracy."""
        return wilson_95(len(self.labels) - self.errors, len(self.labels))

    @property
    def errors(self) -> int:
        """How many answers are wrong."""
        return int((self.answers != self.labels).sum())

    @property
    def errors_of_10000(self) -> tuple[float, float, float]:
        """Errors per 10,000 images, and the lower and upper end of their 95 % interval."""
        low, high = wilson_95(self.errors, len(self.labels))
        return 1e4 * self.errors / len(self.labels), 1e4 * low, 1e4 * high

    @cached_property
    def confusion(self) -> NDArray[np.int64]:
        """(classes, classes) counts: the row is the truth, the column the answer."""
        classes = self.logits.shape[1]
        cells = self.labels.astype(np.int64) * classes + self.answers
        return np.bincount(cells, minlength=classes * classes).reshape(classes, classes)

    def cell(self, truth: int, answer: int) -> NDArray[np.intp]:
        """Indices of the images of a cell of the confusion matrix, most confident first."""
        found = np.flatnonzero((self.labels == truth) & (self.answers == answer))
        return found[np.argsort(-self.confidences[found], kind="stable")]

    def gallery(self, order: Literal["sure", "unsure"] = "sure") -> NDArray[np.intp]:
        """Indices of the mistakes, those made most (or least) confidently first."""
        wrong = np.flatnonzero(self.answers != self.labels)
        sign = -1 if order == "sure" else 1
        return wrong[np.argsort(sign * self.confidences[wrong], kind="stable")]

    def calibration(self, bins: int = 10) -> tuple[CalibrationBin, ...]:
        """Answers sorted into `bins` equally wide ranges of confidence; empty ranges are left out."""
        right = self.answers == self.labels
        place = np.minimum((self.confidences * bins).astype(np.int64), bins - 1)
        found = []
        for k in np.unique(place):
            chosen = place == k
            means = float(self.confidences[chosen].mean()), float(right[chosen].mean())
            found.append(CalibrationBin(k / bins, (k + 1) / bins, int(chosen.sum()), *means))
        return tuple(found)

    def expected_calibration_error(self, bins: int = 10) -> float:
        """Mean distance of confidence and accuracy over the bins, weighted by their images.

        Guo et al. 2017, https://arxiv.org/abs/1706.04599, equation 3.
        """
        parts = self.calibration(bins)
        return sum(p.count * abs(p.accuracy - p.confidence) for p in parts) / len(self.labels)
