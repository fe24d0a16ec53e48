"""The activation functions: one row each, with its form in tinygrad and in NumPy side by side.

A new activation is a new row. Settings, networks, the oracle and the page take their choices from this table. Imports
no tinygrad: `tensor` calls the methods of the tensor that it is given.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.floating[Any]]
#: Slope of the leaky ReLU where its input is negative.
LEAK = 0.01


@dataclass(frozen=True, slots=True)
class Activation:
    """`tensor` maps a tinygrad tensor; `array` an array x; `slope` is d array(x) / d x, in the shape and dtype of x."""

    title: str
    tensor: Callable[[Any], Any]
    array: Callable[[Array], Array]
    slope: Callable[[Array], Array]


def _sigmoid(x: Array) -> Array:
    return np.asarray(0.5 * (1 + np.tanh(x / 2)))  # this form cannot overflow


#: By the name in settings, specs and addresses.
ACTIVATIONS: Mapping[str, Activation] = {
    # max(x, 0); the slope at 0 is taken as 0.
    "relu": Activation(
        "ReLU",
        lambda x: x.relu(),
        lambda x: np.where(x > 0, x, 0).astype(x.dtype),
        lambda x: (x > 0).astype(x.dtype),
    ),
    # x where positive, 0.01 x elsewhere.
    "leaky_relu": Activation(
        "Leaky ReLU",
        lambda x: x.leaky_relu(),
        lambda x: np.where(x < 0, LEAK * x, x).astype(x.dtype),
        lambda x: np.where(x < 0, LEAK, 1).astype(x.dtype),
    ),
    # x sigmoid(x). Hendrycks & Gimpel 2016, https://arxiv.org/abs/1606.08415, section 2.
    "silu": Activation(
        "SiLU",
        lambda x: x.silu(),
        lambda x: np.asarray(x * _sigmoid(x)),
        lambda x: np.asarray(_sigmoid(x) * (1 + x * (1 - _sigmoid(x)))),
    ),
    "tanh": Activation(
        "tanh",
        lambda x: x.tanh(),
        lambda x: np.asarray(np.tanh(x)),
        lambda x: np.asarray(1 - np.tanh(x) ** 2),
    ),
}
