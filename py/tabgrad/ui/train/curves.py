"""What the charts show of the curves of a run: errors in place of accuracy, and the limits of the axes.

Accuracies end up close together near 100 %, where nobody can tell them apart; errors on a logarithmic axis stay apart.
Knows no document.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]
#: The vertical axes of an empty chart. They grow with what is shown.
LOSS_LIMITS, ERROR_LIMITS = (0.0, 2.5), (10.0, 100.0)
#: An error in 10,000 images is the least that is told apart.
LEAST_ERRORS = 0.01


def loss_limits(lines: Sequence[Values]) -> tuple[float, float]:
    """From 0 to a round number above all losses, NaN left out."""
    known = _known(lines)
    return 0.0, max(LOSS_LIMITS[1], math.ceil(2 * known.max(initial=0)) / 2)


def errors_in_100(accuracies: Sequence[Values]) -> tuple[list[Values], tuple[float, float]]:
    """Errors in 100 images for accuracies in 0..1, NaN left as it is, and the limits of their logarithmic axis.

    A logarithmic axis has no place for 0: no errors at all lie at its lower end.
    """
    lines = [100 * (1 - accuracy) for accuracy in accuracies]
    known = _known(lines)
    some = known[known >= 0.999 * LEAST_ERRORS]
    least = float(some.min(initial=ERROR_LIMITS[0]))
    if len(some) < len(known):
        least = min(least / 2, 1.0)
    low = max(LEAST_ERRORS, _round_down(least))
    return [np.maximum(line, low) for line in lines], (low, ERROR_LIMITS[1])


def _known(lines: Sequence[Values]) -> Values:
    values: Values = np.concatenate([np.zeros(0), *lines])
    known: Values = values[np.isfinite(values)]
    return known


def _round_down(value: float) -> float:
    """The largest of 1, 2, 5, 10, 20, 50, ... and their decimal fractions that is at most `value`."""
    power = 10.0 ** math.floor(math.log10(value) + 1e-9)
    return next(step * power for step in (5, 2, 1) if step * power <= value * (1 + 1e-9))
