"""The oracle's optimizers in NumPy: one function a rule, which changes weights and optimizer state in place.

The rules of tinygrad.nn.optim. State is kept as the training programs keep it, `opt.<weight>.velocity` and so on, so
that a test can compare it buffer by buffer. Missing state starts as the rule starts it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .network import OracleNetwork, cross_entropy

Array = NDArray[np.floating[Any]]
Arrays = dict[str, Array]


def sgd(weights: Arrays, gradients: Arrays, state: Arrays, hyper: Mapping[str, float], nesterov: bool = True) -> None:
    """v <- momentum v + g + weight_decay w; w <- w - lr v, or with Nesterov's momentum w <- w - lr (g + momentum v).

    Sutskever et al. 2013, "On the importance of initialization and momentum in deep learning".
    """
    for name, gradient in gradients.items():
        g = gradient + hyper["weight_decay"] * weights[name]
        velocity = state.setdefault(f"opt.{name}.velocity", np.zeros_like(g))
        velocity[...] = hyper["momentum"] * velocity + g
        weights[name] -= hyper["lr"] * (g + hyper["momentum"] * velocity if nesterov else velocity)


def adamw(weights: Arrays, gradients: Arrays, state: Arrays, hyper: Mapping[str, float]) -> None:
    """Adam, with weight decay beside and not inside the adaptive step; beta1 0.9, beta2 0.999, eps 1e-8.

    Kingma & Ba 2015, https://arxiv.org/abs/1412.6980; Loshchilov & Hutter 2019, https://arxiv.org/abs/1711.05101.
    """
    beta1, beta2, eps = 0.9, 0.999, 1e-8
    decay1 = state.setdefault("opt.decay1", np.ones(1))
    decay2 = state.setdefault("opt.decay2", np.ones(1))
    decay1 *= beta1
    decay2 *= beta2
    for name, g in gradients.items():
        m = state.setdefault(f"opt.{name}.m", np.zeros_like(g))
        v = state.setdefault(f"opt.{name}.v", np.zeros_like(g))
        m[...] = beta1 * m + (1 - beta1) * g
        v[...] = beta2 * v + (1 - beta2) * g * g
        step = (m / (1 - decay1)) / (np.sqrt(v / (1 - decay2)) + eps)
        weights[name] -= hyper["lr"] * (step + hyper["weight_decay"] * weights[name])


def newton_schulz(matrix: Array, steps: int = 5) -> Array:
    """Push the singular values of a matrix towards 1 by the odd polynomial a x + b x^3 + c x^5, `steps` times.

    Jordan 2024, https://kellerjordan.github.io/posts/muon/.
    """
    if matrix.shape[0] > matrix.shape[1]:
        return newton_schulz(matrix.T, steps).T
    a, b, c = 3.4445, -4.775, 2.0315
    x: NDArray[Any] = matrix / (np.linalg.norm(matrix) + 1e-7)
    for _ in range(steps):
        gram = x @ x.T
        x = np.asarray(a * x + (b * gram + c * gram @ gram) @ x)
    return x


def muon(weights: Arrays, gradients: Arrays, state: Arrays, hyper: Mapping[str, float]) -> None:
    """Nesterov's momentum, orthogonalised for weights of two or more dimensions; vectors take plain momentum."""
    for name, g in gradients.items():
        velocity = state.setdefault(f"opt.{name}.velocity", np.zeros_like(g))
        velocity[...] = hyper["momentum"] * velocity + g
        step: Array = g + hyper["momentum"] * velocity
        if step.ndim > 1:
            step = newton_schulz(step.reshape(len(step), -1)).reshape(step.shape)
        weights[name] -= hyper["lr"] * (step + hyper["weight_decay"] * weights[name])


#: By the name of the rule in `settings.OPTIMIZERS`.
OPTIMIZERS = {
    "sgd": sgd,
    "adam": adamw,
    "adamw": adamw,
    "muon": muon,
}


def clip(gradients: Arrays, clip_norm: float) -> None:
    """Scale all gradients so that their joint norm is at most `clip_norm`. https://arxiv.org/abs/1211.5063, 1."""
    norm = np.sqrt(sum(float(np.square(g).sum()) for g in gradients.values()))
    gradients.update({name: g * min(1.0, clip_norm / (norm + 1e-6)) for name, g in gradients.items()})


def train_step(
    network: OracleNetwork,
    optimizer: str,
    state: Arrays,
    batch: tuple[NDArray[Any], NDArray[Any]],
    hyper: Mapping[str, float],
) -> float:
    """One step as a training program does it; the loss before the step.

    `batch` is raw pixels (B, 784) uint8 and labels (B,). `hyper` are the program's 1-element inputs by name, and may
    hold `label_smoothing`, which is compiled into programs.
    """
    pixels, labels = batch
    logits = network.forward(pixels / 255.0, training=True)
    loss, gradient = cross_entropy(logits, labels, hyper.get("label_smoothing", 0.0))
    network.backward(gradient)
    if "clip_norm" in hyper:
        clip(network.gradients, hyper["clip_norm"])
    OPTIMIZERS[optimizer](network.weights, network.gradients, state, hyper)
    return loss
