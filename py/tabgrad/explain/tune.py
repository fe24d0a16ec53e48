"""Fine-tuning on a few drawings: only the last layer is trained, and its weights are kept near the old ones.

The layers below stay as they are. So the problem is convex, is solved in milliseconds, and does not overfit as a whole
network would. Owns this optimisation; knows no page and no engine.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tabgrad.ink import Stroke
from tabgrad.metrics import softmax

Array = NDArray[np.floating[Any]]
#: Strength of the pull towards the old weights, relative to the mean square of the features. Chosen on generated digits
#: that were rotated: with less the layer forgets other people's handwriting, with more it learns too little.
PULL = 0.001
#: Steps of the optimisation.
STEPS = 300
#: Copies of each drawing are slightly rotated or slanted, so that a few drawings stand for more of the handwriting.
_ANGLES_DEG, _SLANTS = (-6.0, 6.0), (-0.12, 0.12)


def variations(strokes: Sequence[Stroke]) -> list[tuple[Stroke, ...]]:
    """The drawing itself, then copies that are slightly rotated or slanted, each in both directions."""
    turns = [np.deg2rad(angle) for angle in _ANGLES_DEG]
    matrices = [np.eye(2)]
    matrices += [np.array([[np.cos(t), np.sin(t)], [-np.sin(t), np.cos(t)]]) for t in turns]
    matrices += [np.array([[1, 0], [slant, 1]]) for slant in _SLANTS]
    return [tuple(replace(s, points=(s.points @ m).astype(np.float32)) for s in strokes) for m in matrices]


def tune_last_layer(
    features: Array, labels: NDArray[np.integer[Any]], weight: Array, bias: Array, pull: float = PULL
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """New `weight` (h, 10) and `bias` (10,) of the last layer, float32. `features` (n, h) are its inputs.

    Minimises the mean cross entropy plus pull / 2 * s * d**2, where s is the mean squared length of the features (with
    a 1 for the bias) and d the distance to the old weights (L2-SP, Li et al. 2018, https://arxiv.org/abs/1802.01483).
    Accelerated gradient descent (Nesterov 1983); the step comes from a bound on the curvature of softmax (Böhning 1992,
    https://doi.org/10.1007/BF00048682). `labels` (n,) are integers 0..9.
    """
    x = np.concatenate([np.asarray(features, np.float64), np.ones((len(features), 1))], axis=1)
    start = np.concatenate([np.asarray(weight, np.float64), np.asarray(bias, np.float64)[None]])
    target = np.eye(start.shape[1])[labels]
    held = pull * float((x * x).sum(axis=1).mean())
    step = 1 / (0.5 * float(np.linalg.norm(x, 2)) ** 2 / len(x) + held)
    now = ahead = start
    for k in range(STEPS):
        gradient = x.T @ (softmax(x @ ahead) - target) / len(x) + held * (ahead - start)
        before, now = now, ahead - step * gradient
        ahead = now + k / (k + 3) * (now - before)
    return now[:-1].astype(np.float32), now[-1].astype(np.float32)
