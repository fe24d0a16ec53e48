"""One hidden unit at a time: its inputs' contributions, and its own contributions to the logits.

A dense layer is a sum, so the contributions are exact and add up to the network's own numbers. Owns this arithmetic;
runs no network.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tabgrad.network import Stage

Array = NDArray[np.floating[Any]]


@dataclass(frozen=True, slots=True, eq=False)
class Contributions:
    """`terms` (n,) and `bias` add up to `total`."""

    terms: Array
    bias: float

    @property
    def total(self) -> float:
        """The sum of all terms and the bias: a unit's value before its activation function, or a logit."""
        return float(self.terms.sum() + self.bias)

    def strongest(self, count: int) -> list[int]:
        """Indices of the `count` terms of largest magnitude, largest first; terms that are 0 are left out."""
        order = np.argsort(-np.abs(self.terms), kind="stable")[:count]
        return [int(i) for i in order if self.terms[i] != 0]


def contributions(inputs: Array, weight: Array, bias: Array, unit: int) -> Contributions:
    """What each of n inputs adds to a unit of a dense layer, or to a logit. `weight` (n, units), `bias` (units,)."""
    return Contributions(inputs.reshape(-1) * weight[:, unit], float(bias[unit]))


def votes(activations: Array, weight: Array, unit: int) -> Array:
    """Contribution of a unit of the last hidden layer to each logit: (10,). `weight` is (units, 10)."""
    return np.asarray(activations.reshape(-1)[unit] * weight[unit])


def picture_shape(stage: Stage) -> tuple[int, ...]:
    """A dense stage's input as pictures: (parts, height, width). One row if a dense layer feeds it."""
    return stage.input_shape if len(stage.input_shape) == 3 else (1, 1, *stage.input_shape)


def unit_weights(stage: Stage, weights: Mapping[str, NDArray[Any]]) -> NDArray[np.float32]:
    """What each unit looks for: weights of a dense or conv stage as pictures (units, parts, height, width).

    The parts are the input's maps. Units that are fed by a dense layer have one part, which is a single row.
    """
    weight = weights[stage.weight]
    if stage.kind == "conv":
        return np.asarray(weight, np.float32)
    return np.asarray(weight.T.reshape(-1, *picture_shape(stage)), np.float32)
