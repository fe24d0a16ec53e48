"""The names in a network's state dict: which are trained, which are statistics, which belong to the optimizer.

Weights are called as in the network ("layers.0.weight", "norms.1.running_mean"), optimizer state "opt.*", the state of
dropout's random numbers "rng.*". Owns these names; holds no values.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from typing import Any

from numpy.typing import NDArray

#: Ends of names of weights that no gradient changes.
STATISTICS = ("running_mean", "running_var", "input_mean")
#: Beginnings of names that are no weights: they are needed to go on with training, not to answer.
TRAINING_STATE = ("opt.", "rng.")
#: The mean image (784,) that a centred network subtracts from its input.
INPUT_MEAN = "input_mean"
_DENSE = re.compile(r"layers\.(\d+)\.weight")


def is_trained(name: str) -> bool:
    """Whether training changes this weight by gradient."""
    return not name.endswith(STATISTICS)


def layer_count(names: Iterable[str]) -> int:
    """Number of dense layers of a network with weights of these names."""
    return 1 + max((int(match[1]) for match in map(_DENSE.fullmatch, names) if match), default=-1)


def parameter_count(shapes: Mapping[str, tuple[int, ...]]) -> int:
    """Number of trained parameters of a network with weights of these shapes."""
    return sum(math.prod(shape) for name, shape in shapes.items() if is_trained(name))


def shapes_of(tensors: Mapping[str, NDArray[Any]]) -> dict[str, tuple[int, ...]]:
    """The shapes of a state dict, by name."""
    return {name: tensor.shape for name, tensor in tensors.items()}
