"""The learning rate of every step, as an array that is streamed to the device: a new rate needs no new program."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tabgrad.settings import RunSettings, total_steps

#: One cycle: where it starts and ends as fractions of the peak.
START_FRACTION = 1 / 25
END_FRACTION = 1e-3
#: Steps whose rates are worked out at once.
STEPS_AHEAD = 4096


def learning_rates(settings: RunSettings, first: int, count: int, samples: int) -> NDArray[np.float32]:
    """Rates of steps `first`..`first + count - 1`, float32 (count,). `samples` is the size of the training set.

    One cycle: half a cosine up for the share `warm_up` of the run, half a cosine down (Smith & Topin 2018,
    https://arxiv.org/abs/1708.07120). Cosine: Loshchilov & Hutter 2017, https://arxiv.org/abs/1608.03983, without
    restarts. Exponential: lr * decay^epochs, falling with every step.
    """
    step = np.arange(first, first + count, dtype=np.float64)
    position = np.minimum(step / max(1, total_steps(settings, samples) - 1), 1.0)
    if settings.schedule == "one_cycle":
        rise = START_FRACTION + (1 - START_FRACTION) * _ease(position / settings.warm_up)
        fall = 1 - (1 - END_FRACTION) * _ease((position - settings.warm_up) / (1 - settings.warm_up))
        factor = np.where(position < settings.warm_up, rise, fall)
    elif settings.schedule == "cosine":
        factor = 1 - _ease(position)
    elif settings.schedule == "exponential":
        # Steps in an epoch are a fraction, because batches run on across the ends of epochs.
        factor = settings.decay ** (step / (samples / settings.batch))
    else:
        factor = np.ones(count)
    return (settings.lr * factor).astype(np.float32)


class Rates:
    """`learning_rates` over `samples` images, worked out for many steps ahead.

    For a few at a time, NumPy's calls take longer in Pyodide than an image does in a network.
    """

    def __init__(self, samples: int) -> None:
        self._samples, self._first = samples, 0
        self._settings: RunSettings | None = None
        self._rates: NDArray[np.float32] = np.zeros(0, np.float32)

    def of(self, settings: RunSettings, first: int, count: int) -> NDArray[np.float32]:
        """Rates of steps `first`..`first + count - 1`, float32 (count,)."""
        begin = first - self._first
        if settings is not self._settings or not 0 <= begin <= len(self._rates) - count:
            self._settings, self._first, begin = settings, first, 0
            self._rates = learning_rates(settings, first, max(count, STEPS_AHEAD), self._samples)
        return self._rates[begin : begin + count]


def _ease(t: NDArray[np.float64]) -> NDArray[np.float64]:
    """Half a cosine wave from 0 at t = 0 to 1 at t = 1."""
    half: NDArray[np.float64] = (1 - np.cos(np.pi * np.clip(t, 0, 1))) / 2
    return half
