"""The networks in NumPy. Written from the formulas, in float64 unless told otherwise; never fast."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from tabgrad.metrics import log_softmax
from tabgrad.network import (
    ACTIVATIONS,
    IMAGE_SHAPE,
    INPUT_MEAN,
    STAGE_KINDS,
    Activation,
    Stage,
    frozen_names,
    shapes_of,
    spec_of,
    stages,
)

from .layers import STAGE_LAYERS, ActivationLayer, BatchNorm, Conv2d, Flatten, Layer, Linear, Subtract

Array = NDArray[np.floating[Any]]


class OracleNetwork:
    """A network built from its specification and its state dict, which it copies and, on training, changes.

    ValueError for dropout, which has no one right answer.
    """

    def __init__(self, spec: Mapping[str, Any], weights: Mapping[str, Array], dtype: DTypeLike = np.float64) -> None:
        if spec.get("dropout"):
            raise ValueError("The oracle has no dropout: its random numbers would have to be tinygrad's.")
        self.weights: dict[str, Array] = {name: np.array(value, dtype) for name, value in weights.items()}
        self.gradients: dict[str, Array] = {}
        self.dtype = np.dtype(dtype)
        parsed = stages(spec_of({"spec": spec}, shapes_of(weights)))
        activation = ACTIVATIONS[spec.get("activation", "relu")]
        #: Layers by stage. The last stage gives the logits.
        self.stages: list[list[Layer]] = [self._layers(stage, activation) for stage in parsed]
        if INPUT_MEAN in self.weights:
            self.stages[0].insert(0, Subtract(self.weights, self.gradients, INPUT_MEAN))
        self._frozen, self._frozen_names = int(spec.get("frozen", 0)), frozen_names(spec)
        self._takes_maps = STAGE_KINDS[parsed[0].kind].on_maps

    def _layers(self, stage: Stage, activation: Activation) -> list[Layer]:
        own = self.weights, self.gradients
        if stage.kind == "conv":
            norm = BatchNorm(*own, stage.name.replace("convs", "norms"))
            return [Conv2d(*own, stage.name, stage.numbers[2]), norm, ActivationLayer(activation)]
        if stage.kind == "dense":
            linear: list[Layer] = [Flatten(), Linear(*own, stage.name)]
            return [*linear, ActivationLayer(activation)] if stage.tap else linear
        return [STAGE_LAYERS[stage.kind]()]

    def forward(self, x: NDArray[Any], training: bool = False, taps: list[Array] | None = None) -> Array:
        """x (B, 784) in 0..1 -> logits (B, classes). Appends the output of every stage but the last to `taps`."""
        values = np.asarray(x, self.dtype)
        self._image = values.shape
        if self._takes_maps:
            values = values.reshape(-1, *IMAGE_SHAPE)
        for number, stage in enumerate(self.stages):
            for layer in stage:
                values = layer.forward(values, training and number >= self._frozen)
            if taps is not None and stage is not self.stages[-1]:
                taps.append(values)
        return values

    def backward(self, gradient: Array) -> Array:
        """From d loss / d logits (B, classes) to d loss / d x (B, 784); fills `gradients` by the weights' names."""
        self.gradients.clear()
        for stage in reversed(self.stages):
            for layer in reversed(stage):
                gradient = layer.backward(gradient)
        for name in self._frozen_names & self.gradients.keys():
            del self.gradients[name]
        return gradient.reshape(self._image)


def cross_entropy(logits: Array, labels: NDArray[Any], label_smoothing: float = 0.0) -> tuple[float, Array]:
    """Mean cross entropy of `labels` (B,), and its gradient (B, classes) with respect to the logits.

    The target distribution is (1 - s) one-hot + s / classes (Szegedy et al. 2016, https://arxiv.org/abs/1512.00567, 7).
    """
    count, classes = logits.shape
    target = np.full_like(logits, label_smoothing / classes)
    target[np.arange(count), labels] += 1 - label_smoothing
    log_probabilities = log_softmax(logits)
    loss = -(target * log_probabilities).sum() / count
    return float(loss), (np.exp(log_probabilities) - target) / count
