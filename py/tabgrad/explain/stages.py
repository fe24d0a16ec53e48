"""What a network consists of, seen from outside: its stages between input and answer, from its card and weights.

A stage is what lies between two taps of the `activations` program. Owns the reading of a specification; knows the
naming contract of state dicts, and neither tinygrad nor any engine.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Weights = Mapping[str, NDArray[Any]]
Kind = Literal["dense", "conv", "pool"]
_CONV = re.compile(r"conv(\d+)x(\d+)(?:p(\d+))?")
#: The default stages of a CNN whose card names none.
CNN_STAGES = ("conv5x8", "pool", "conv5x24", "pool", "dense64")


@dataclass(frozen=True, slots=True)
class Stage:
    """`tap`: the program's output with its activations, empty for the logits. `shape`: of one image's activations,
    (units,) or (maps, height, width); `fed_by`: the shape of what goes in. `weight`: name in the state dict, if any.
    """

    kind: Kind
    tap: str
    shape: tuple[int, ...]
    fed_by: tuple[int, ...]
    weight: str = ""

    @property
    def units(self) -> int:
        """Hidden units, or feature maps."""
        return self.shape[0]

    @property
    def bias(self) -> str:
        """Name of a dense stage's bias in the state dict."""
        return self.weight.removesuffix("weight") + "bias"


def spec_of(card: Mapping[str, Any], weights: Weights) -> Mapping[str, Any]:
    """The network's specification: a card's own, or what the names of the weights tell (default stages for a CNN).

    Dropout is left out: it is for training only.
    """
    known = card.get("spec")
    spec = dict(known) if isinstance(known, Mapping) else {"kind": "cnn" if "convs.0.weight" in weights else "mlp"}
    spec.pop("dropout", None)
    if spec["kind"] == "cnn":
        spec.setdefault("stages", list(CNN_STAGES))
    return spec


def stages(spec: Mapping[str, Any], weights: Weights) -> tuple[Stage, ...]:
    """All stages of a network in order, from a spec of `spec_of`; the last one is dense and gives the ten logits.

    Raises KeyError if `weights` lack a tensor that `spec` asks for.
    """
    return _cnn(spec["stages"], weights) if spec["kind"] == "cnn" else _mlp(weights)


def _mlp(weights: Weights) -> tuple[Stage, ...]:
    count = sum(re.fullmatch(r"layers\.\d+\.weight", name) is not None for name in weights)
    found = list[Stage]()
    shape: tuple[int, ...] = (1, 28, 28)
    for i in range(count):
        name = f"layers.{i}.weight"
        units = (int(weights[name].shape[1]),)
        found.append(Stage("dense", f"act.{i}" if i < count - 1 else "", units, shape, name))
        shape = units
    return tuple(found)


def _cnn(words: Any, weights: Weights) -> tuple[Stage, ...]:
    found = list[Stage]()
    shape: tuple[int, ...] = (1, 28, 28)
    convs = dense = 0
    for i, word in enumerate(words):
        name, after = "", shape
        kind: Kind = "pool"
        if match := _CONV.fullmatch(word):
            name, kind = f"convs.{convs}.weight", "conv"
            side = shape[1] + 2 * int(match[3] or 0) - int(match[1]) + 1
            after, convs = (int(match[2]), side, side), convs + 1
        elif word == "pool":
            after = (shape[0], shape[1] // 2, shape[2] // 2)
        else:
            name, kind = f"layers.{dense}.weight", "dense"
            after, dense = (int(weights[name].shape[1]),), dense + 1
        found.append(Stage(kind, f"act.{i}", after, shape, name))
        shape = after
    return (*found, Stage("dense", "", (10,), shape, f"layers.{dense}.weight"))


def unit_weights(stage: Stage, weights: Weights) -> NDArray[np.float32]:
    """What each unit looks for: weights of a dense or conv stage as pictures (units, parts, height, width).

    The parts are the input's maps; units fed by a plain layer have one part that is a single row.
    """
    weight = weights[stage.weight]
    if stage.kind == "conv":
        return np.asarray(weight, np.float32)
    shape = stage.fed_by if len(stage.fed_by) == 3 else (1, 1, *stage.fed_by)
    return np.asarray(weight.T.reshape(-1, *shape), np.float32)
