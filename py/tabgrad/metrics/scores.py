"""Logits to probabilities, loss and intervals. The maximum is subtracted before exp, so that nothing overflows."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

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
