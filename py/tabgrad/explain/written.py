"""The layers of a network that somebody wrote, as stages; and the votes of the last layer before the answer.

What a written network does between its layers is known to nobody but itself. So what goes into its last layer is found
by trying: what gives the network's own logits is right. Runs no network.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tabgrad.network import ACTIVATIONS, CLASSES, IMAGE_SHAPE, Description, LayerRow, Stage

from .attribution import Contributions
from .flow import passed_on

Array = NDArray[np.floating[Any]]
Shape = tuple[int, ...]
#: Longest side of a picture of a layer, and most units with a pattern each. Beyond it, a layer is plain numbers.
MAX_SIDE, MAX_PATTERNS = 512, 1024
#: How exactly a sum must give the logits, relative to the sizes of its terms: they are of float32.
EXACT = 1e-4


def written_stages(description: Description, shapes: Mapping[str, Shape], classes: int = CLASSES) -> tuple[Stage, ...]:
    """A stage for each output that a layer has of its own, and the logits. `shapes` are those of the weights, by name.

    Rows (T, N) are one picture, so their stage has the shape (1, T, N); values of any other shape are (n,).
    """
    found, seen, before = list[Stage](), {"", "logits"}, IMAGE_SHAPE
    for row in description.layers:
        if row.tap in seen:  # a layer that only gives its input another shape has the output of the one before
            continue
        seen.add(row.tap)
        kind, shape = _shown_as(row)
        name = row.path if _has_pictures(row, shape, shapes, is_first=not found) else ""
        found.append(Stage(kind, (), name, before, shape, row.tap, row.path, row.call))
        before = shape
    return (*found, Stage("units", (), _voting(description, shapes, classes), before, (classes,), ""))


def _shown_as(row: LayerRow) -> tuple[str, Shape]:
    shape = row.shape
    if row.kind == "units" or (row.kind == "maps" and shape[1:] == (1, 1)):
        return "units", shape[:1]
    if row.kind == "values" or max(shape[-2:]) > MAX_SIDE:
        return "values", (math.prod(shape),)
    return row.kind, shape if row.kind == "maps" else (1, *shape)


def _has_pictures(row: LayerRow, shape: Shape, shapes: Mapping[str, Shape], *, is_first: bool) -> bool:
    """Whether the layer's weights tell what each unit looks for: of a convolution, or for each pixel of the image."""
    weight = shapes.get(f"{row.path}.weight", ())
    if row.kind == "maps":
        return row.call.startswith("Conv2d") and len(weight) == 4 and weight[:1] == shape[:1]
    return is_first and weight == (*shape, math.prod(IMAGE_SHAPE)) and shape[0] <= MAX_PATTERNS


def _voting(description: Description, shapes: Mapping[str, Shape], classes: int) -> str:
    """The dense layer that gives the logits; empty if there is none."""
    paths = [row.path for row in description.layers if row.tap == "logits"]
    dense = [path for path in paths if len(weight := shapes.get(f"{path}.weight", ())) == 2 and weight[0] == classes]
    return dense[0] if dense else ""


def inputs_of_last(stage: Stage, weights: Mapping[str, Array], before: Array, logits: Array) -> Array | None:
    """What goes into the last `stage` of a written network, (n,): `before`, the values of the layer before it, through
    an activation function, or the mean of each of its maps. None if none of these gives the `logits` (classes,).
    """
    if not stage.name:
        return None
    weight, bias = weights[stage.weight], weights.get(stage.bias, np.zeros(stage.units, np.float32))
    functions: list[Callable[[Array], Array]] = [np.asarray, *(row.array for row in ACTIVATIONS.values())]
    for function in functions:
        values = function(before)
        for inputs in (values.reshape(-1), values.reshape(len(values), -1).mean(axis=1)):
            if len(inputs) != weight.shape[1]:
                continue
            exact = EXACT * (np.abs(weight) @ np.abs(inputs) + np.abs(bias))
            if (np.abs(weight @ inputs + bias - logits) <= exact + EXACT**2).all():
                return np.asarray(inputs)
    return None


@dataclass(frozen=True, slots=True, eq=False)
class Votes:
    """`terms` (n, classes) and `bias` (classes,): what n units or maps of the last layer before the answer add to each
    logit.
    """

    terms: NDArray[np.float32]
    bias: Array

    def of(self, answer: int) -> Contributions:
        """The votes for one class."""
        return Contributions(self.terms[:, answer], float(self.bias[answer]))


def votes(structure: Sequence[Stage], weights: Mapping[str, Array], values: Mapping[str, Array]) -> Votes | None:
    """The votes of any network with a hidden layer; None if they cannot be told apart. `values` are by tap."""
    before, last = structure[-2:]
    known, logits = values[before.tap], values["logits"]
    if not before.call:
        return Votes(passed_on(last, weights, known, logits, range(last.units)), weights[last.bias])
    inputs = inputs_of_last(last, weights, known, logits)
    if inputs is None:
        return None
    terms = (inputs * weights[last.weight]).reshape(last.units, len(known), -1).sum(axis=2).T
    return Votes(np.asarray(terms, np.float32), weights.get(last.bias, np.zeros(last.units, np.float32)))
