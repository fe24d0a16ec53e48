"""The oracle's layers in NumPy: one class a layer, forward and backward side by side, as in Karpathy's micrograd.

A layer keeps what backward needs of the last forward. B batch, C channels, H and W height and width.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tabgrad.network import Activation

Array = NDArray[np.floating[Any]]


class Layer(ABC):
    """forward: x -> y; backward: d loss / d y -> d loss / d x."""

    @abstractmethod
    def forward(self, x: Array, training: bool) -> Array:
        """The layer's output."""

    @abstractmethod
    def backward(self, gradient: Array) -> Array:
        """The gradient with respect to the last input."""


class Weighted(Layer):
    """A layer called `name` in the state dict `weights`. Its gradients go into `gradients` under the same names."""

    def __init__(self, weights: dict[str, Array], gradients: dict[str, Array], name: str) -> None:
        self.weights, self.gradients, self.name = weights, gradients, name


class Linear(Weighted):
    """x (B, fan_in) @ weight (fan_in, fan_out) + bias (fan_out)."""

    def forward(self, x: Array, training: bool) -> Array:
        self.x = x
        return np.asarray(x @ self.weights[f"{self.name}.weight"] + self.weights[f"{self.name}.bias"])

    def backward(self, gradient: Array) -> Array:
        self.gradients[f"{self.name}.weight"] = self.x.T @ gradient
        self.gradients[f"{self.name}.bias"] = gradient.sum(axis=0)
        return np.asarray(gradient @ self.weights[f"{self.name}.weight"].T)


class Conv2d(Weighted):
    """Cross-correlation of x (B, Cin, H, W), padded with zeros, with weight (Cout, Cin, k, k); no bias.

    `patches` are (B, Cin, H', W', k, k), a view.
    """

    def __init__(self, weights: dict[str, Array], gradients: dict[str, Array], name: str, padding: int) -> None:
        super().__init__(weights, gradients, name)
        self.padding = padding

    def forward(self, x: Array, training: bool) -> Array:
        p, weight = self.padding, self.weights[f"{self.name}.weight"]
        size = weight.shape[-1]
        self.padded = np.pad(x, ((0, 0), (0, 0), (p, p), (p, p)))
        windows = np.lib.stride_tricks.sliding_window_view
        self.patches = windows(self.padded, (size, size), (2, 3))  # type: ignore[call-overload] # stubs lack tuple axes
        return np.moveaxis(np.tensordot(self.patches, weight, ((1, 4, 5), (1, 2, 3))), -1, 1)

    def backward(self, gradient: Array) -> Array:
        weight = self.weights[f"{self.name}.weight"]
        self.gradients[f"{self.name}.weight"] = np.tensordot(gradient, self.patches, ((0, 2, 3), (0, 2, 3)))
        out = np.zeros_like(self.padded)
        height, width = gradient.shape[2:]
        for i, j in np.ndindex(weight.shape[2:]):
            out[:, :, i : i + height, j : j + width] += np.moveaxis(
                np.tensordot(gradient, weight[:, :, i, j], (1, 0)), -1, 1
            )
        p = self.padding
        return out[:, :, p : out.shape[2] - p, p : out.shape[3] - p]


class BatchNorm(Weighted):
    """Each channel of x (B, C, H, W) normalised, scaled and shifted.

    Training: by the batch's mean and biased variance, while the running statistics move a tenth towards the batch's
    mean and unbiased variance. Ioffe & Szegedy 2015, https://arxiv.org/abs/1502.03167; backward: section 3.
    """

    EPS = 1e-5
    MOMENTUM = 0.1

    def forward(self, x: Array, training: bool) -> Array:
        w, name = self.weights, self.name
        mean, variance = w[f"{name}.running_mean"], w[f"{name}.running_var"]
        if training:
            mean, variance = x.mean(axis=(0, 2, 3)), x.var(axis=(0, 2, 3))
            count = x.size // x.shape[1]
            for statistic, value in (("mean", mean), ("var", variance * count / (count - 1))):
                w[f"{name}.running_{statistic}"] += self.MOMENTUM * (value - w[f"{name}.running_{statistic}"])
        self.training = training
        self.scale = 1 / np.sqrt(variance + self.EPS)
        self.normal = (x - _spread(mean)) * _spread(self.scale)
        return np.asarray(self.normal * _spread(w[f"{name}.weight"]) + _spread(w[f"{name}.bias"]))

    def backward(self, gradient: Array) -> Array:
        self.gradients[f"{self.name}.weight"] = (gradient * self.normal).sum(axis=(0, 2, 3))
        self.gradients[f"{self.name}.bias"] = gradient.sum(axis=(0, 2, 3))
        gradient = gradient * _spread(self.weights[f"{self.name}.weight"] * self.scale)
        if not self.training:
            return gradient
        along = (gradient * self.normal).mean(axis=(0, 2, 3), keepdims=True)
        return np.asarray(gradient - gradient.mean(axis=(0, 2, 3), keepdims=True) - self.normal * along)


def _spread(per_channel: Array) -> Array:
    return per_channel.reshape(1, -1, 1, 1)


class MaxPool(Layer):
    """The maximum of each 2x2 window of x (B, C, H, W); an odd last row or column is left out.

    Where several pixels share the maximum (flat background) they share the gradient, as in tinygrad.
    """

    def forward(self, x: Array, training: bool) -> Array:
        self.shape = b, c, h, w = x.shape
        windows = x[:, :, : h // 2 * 2, : w // 2 * 2].reshape(b, c, h // 2, 2, w // 2, 2)
        top = windows.max(axis=(3, 5), keepdims=True)
        winners = windows == top
        self.share = winners / winners.sum(axis=(3, 5), keepdims=True)
        return np.asarray(top.reshape(b, c, h // 2, w // 2))

    def backward(self, gradient: Array) -> Array:
        b, c, h, w = self.shape
        out = np.zeros(self.shape, gradient.dtype)
        spread = self.share * gradient[:, :, :, None, :, None]
        out[:, :, : h // 2 * 2, : w // 2 * 2] = spread.reshape(b, c, h // 2 * 2, w // 2 * 2)
        return out


class Flatten(Layer):
    """(B, ...) -> (B, everything else)."""

    def forward(self, x: Array, training: bool) -> Array:
        self.shape = x.shape
        return x.reshape(len(x), -1)

    def backward(self, gradient: Array) -> Array:
        return gradient.reshape(self.shape)


class Subtract(Weighted):
    """x minus a stored mean image (784,), which is not trained."""

    def forward(self, x: Array, training: bool) -> Array:
        return np.asarray(x - self.weights[self.name])

    def backward(self, gradient: Array) -> Array:
        return gradient


class ActivationLayer(Layer):
    """One of `tabgrad.network.ACTIVATIONS`, element by element."""

    def __init__(self, activation: Activation) -> None:
        self.activation = activation

    def forward(self, x: Array, training: bool) -> Array:
        self.x = x
        return self.activation.array(x)

    def backward(self, gradient: Array) -> Array:
        return np.asarray(gradient * self.activation.slope(self.x))


#: The layer of each kind of stage that has no weights.
STAGE_LAYERS: dict[str, type[Layer]] = {
    "pool": MaxPool,
}
