"""Fine-tuning on a handful of drawings: only the last layer learns, and it is held near where it was.

The layers below stay as they are, so the problem is convex, takes milliseconds, and cannot go wrong in the ways that
training a whole network on a few images can. Owns that optimisation; knows no page and no engine.
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
#: Weight of staying near the old weights, relative to the mean square of the features. Chosen on rotated generated
#: digits: smaller forgets other hands, larger learns too little.
PULL = 0.001
STEPS = 300
#: Each drawing is also learned from slightly turned and slanted, so that ten drawings say more than their pixels.
_ANGLES_DEG, _SLANTS = (-6.0, 6.0), (-0.12, 0.12)


def variations(strokes: Sequence[Stroke]) -> list[tuple[Stroke, ...]]:
    """The drawing itself, turned a little either way, and slanted a little either way."""
    turns = [np.deg2rad(angle) for angle in _ANGLES_DEG]
    matrices = [np.eye(2)]
    matrices += [np.array([[np.cos(t), np.sin(t)], [-np.sin(t), np.cos(t)]]) for t in turns]
    matrices += [np.array([[1, 0], [slant, 1]]) for slant in _SLANTS]
    return [tuple(replace(s, points=(s.points @ m).astype(np.float32)) for s in strokes) for m in matrices]


def tune_last_layer(
    features: Array, labels: NDArray[np.integer[Any]], weight: Array, bias: Array, pull: float = PULL
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """New `weight` (h, 10) and `bias` (10,) for the last layer, given its inputs `features` (n, h) and `labels` (n,).

    Minimises the mean cross entropy plus `pull` / 2 times the mean square of the features times the squared distance
    from the old weights (L2-SP, Li et al. 2018, https://arxiv.org/abs/1802.01483). Accelerated gradient descent
    (Nesterov 1983) with the step that the curvature bound of softmax allows (Böhning 1992, Ann. Inst. Stat. Math. 44).
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
