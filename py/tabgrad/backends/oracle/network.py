"""The oracle: our networks in plain NumPy, to check the engines against (the layers are in `oracle_layers`).

Written from the formulas and not from tinygrad, in float64 unless told otherwise. It is never fast and never shipped
to the page's hot path; it owns nothing but the arithmetic. The optimizers are in `oracle_optim`.

    network = OracleNetwork({"kind": "mlp", "hidden": [128]}, weights)
    logits = network.forward(x)                                # (B, 10)
    loss, d_logits = cross_entropy(logits, labels)
    network.backward(d_logits)                                 # network.gradients["layers.0.weight"], ...
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from .layers import ACTIVATIONS, BatchNorm, Conv2d, Flatten, Layer, Linear, MaxPool, Subtract

Array = NDArray[np.floating[Any]]
_CONV = re.compile(r"conv(\d+)x(\d+)(?:p(\d+))?")


class OracleNetwork:
    """A network built from its description and its state dict, which it copies and, on training, changes.

    `spec` is what the model package builds from: {"kind": "mlp", "hidden": [128], "activation": "relu"} or
    {"kind": "cnn", "stages": ["conv5x8", "pool", "dense64"]}. ValueError for dropout, which has no one right answer.
    """

    def __init__(self, spec: Mapping[str, Any], weights: Mapping[str, Array], dtype: DTypeLike = np.float64) -> None:
        if spec.get("dropout"):
            raise ValueError("The oracle has no dropout: its random numbers would have to be tinygrad's.")
        self.weights: dict[str, Array] = {name: np.array(value, dtype) for name, value in weights.items()}
        self.gradients: dict[str, Array] = {}
        self.dtype = np.dtype(dtype)
        activation = ACTIVATIONS[spec.get("activation", "relu")]
        self.stages = self._cnn(spec, activation) if spec["kind"] == "cnn" else self._mlp(activation)

    def _mlp(self, activation: type[Layer]) -> list[list[Layer]]:
        """Stages: what lies between two taps. The last one gives the logits."""
        count = sum(re.fullmatch(r"layers\.\d+\.weight", name) is not None for name in self.weights)
        first: list[Layer] = [Subtract(self, "input_mean")] if "input_mean" in self.weights else []
        stages = [[Linear(self, f"layers.{i}"), activation(self)] for i in range(count - 1)]
        stages.append([Linear(self, f"layers.{count - 1}")])
        return [first + stages[0], *stages[1:]]

    def _cnn(self, spec: Mapping[str, Any], activation: type[Layer]) -> list[list[Layer]]:
        stages: list[list[Layer]] = []
        convs = dense = 0
        for word in spec["stages"]:
            if match := _CONV.fullmatch(word):
                conv = Conv2d(self, f"convs.{convs}", padding=int(match[3] or 0))
                stages.append([conv, BatchNorm(self, f"norms.{convs}"), activation(self)])
                convs += 1
            elif word == "pool":
                stages.append([MaxPool(self)])
            else:
                stages.append([Flatten(self), Linear(self, f"layers.{dense}"), activation(self)])
                dense += 1
        return [*stages, [Flatten(self), Linear(self, f"layers.{dense}")]]

    def forward(self, x: NDArray[Any], training: bool = False, taps: list[Array] | None = None) -> Array:
        """x (B, 784) in 0..1 -> logits (B, 10). Appends the output of every stage but the last to `taps`."""
        values = np.asarray(x, self.dtype)
        self._image = values.shape
        if isinstance(self.stages[0][0], (Conv2d, MaxPool)):
            values = values.reshape(-1, 1, 28, 28)
        for stage in self.stages:
            for layer in stage:
                values = layer.forward(values, training)
            if taps is not None and stage is not self.stages[-1]:
                taps.append(values)
        return values

    def backward(self, gradient: Array) -> Array:
        """From d loss / d logits (B, 10) to d loss / d x (B, 784); fills `gradients` by the weights' names."""
        self.gradients.clear()
        for stage in reversed(self.stages):
            for layer in reversed(stage):
                gradient = layer.backward(gradient)
        return gradient.reshape(self._image)


def log_softmax(logits: Array) -> Array:
    """Log-probabilities (B, 10). Subtracting the maximum first keeps exp from overflowing."""
    shifted = logits - logits.max(axis=1, keepdims=True)
    return np.asarray(shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True)))


def cross_entropy(logits: Array, labels: NDArray[Any], label_smoothing: float = 0.0) -> tuple[float, Array]:
    """Mean cross entropy of `labels` (B,), and its gradient (B, 10) with respect to the logits.

    The target distribution is (1 - s) one-hot + s / 10 (Szegedy et al. 2016, https://arxiv.org/abs/1512.00567, 7).
    """
    count, classes = logits.shape
    target = np.full_like(logits, label_smoothing / classes)
    target[np.arange(count), labels] += 1 - label_smoothing
    log_probabilities = log_softmax(logits)
    loss = -(target * log_probabilities).sum() / count
    return float(loss), (np.exp(log_probabilities) - target) / count
