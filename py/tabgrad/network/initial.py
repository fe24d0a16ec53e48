"""Weights and optimizer state before the first step, from names and shapes alone.

NumPy only, so that a run can begin with prebuilt programs and without tinygrad: the same seed gives the same network
on every engine and in every browser. Knows the names of a state dict; holds no network.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .state import INPUT_MEAN, layer_count


def draw_weights(shapes: Mapping[str, tuple[int, ...]], seed: int) -> dict[str, NDArray[Any]]:
    """Draw a state dict: float32 arrays by name, in the given shapes. The order of `shapes` matters to the draw.

    Weights before a rectifier are N(0, 2 / fan_in), which keeps the variance of activations and gradients the same
    from layer to layer however deep the network is (He et al. 2015, https://arxiv.org/abs/1502.01852, eq. 10); the
    last layer has no rectifier after it and gets N(0, 1 / fan_in). Without this a deep MLP starts with logits that
    vanish or explode. Biases start at 0, batch norms as the identity.
    """
    rng = np.random.default_rng(seed)
    last = f"layers.{layer_count(shapes) - 1}.weight"
    out: dict[str, NDArray[Any]] = {}
    for name, shape in shapes.items():
        if name.endswith(".weight") and len(shape) > 1:
            fan_in = shape[0] if len(shape) == 2 else int(np.prod(shape[1:]))
            gain = 1.0 if name == last else 2.0
            out[name] = (rng.standard_normal(shape) * np.sqrt(gain / fan_in)).astype(np.float32)
        else:
            ones = name.endswith("running_var") or (name.startswith("norms.") and name.endswith(".weight"))
            out[name] = (np.ones if ones else np.zeros)(shape, np.float32)
    return out


def initial_state(name: str, shape: tuple[int, ...], seed: int) -> NDArray[Any]:
    """A state buffer before the first step.

    Adam's `opt.decay1` and `opt.decay2` hold beta^t and start at 1, all other optimizer state at 0; dropout's
    generator starts with the seed in `rng.seed` and a `rng.counter` of 0.
    """
    if name == "rng.seed":
        return np.array([0, seed], np.uint32)
    if name == "rng.counter":
        return np.zeros(shape, np.uint32)
    return np.full(shape, name.startswith("opt.decay"), np.float32)


def fold_mean(weights: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    """A centred MLP's weights (`input_mean` and all) as those of a plain one: b' = b - mean @ W of the first layer."""
    out = dict(weights)
    mean = out.pop(INPUT_MEAN, None)
    if mean is not None:
        out["layers.0.bias"] = (out["layers.0.bias"] - mean @ out["layers.0.weight"]).astype(np.float32)
    return out


def unfold_mean(weights: Mapping[str, NDArray[Any]], mean: NDArray[np.float32]) -> dict[str, NDArray[Any]]:
    """A plain MLP's weights as those of a centred one that answers the same: the inverse of `fold_mean`."""
    bias = (weights["layers.0.bias"] + mean @ weights["layers.0.weight"]).astype(np.float32)
    return {**weights, "layers.0.bias": bias, INPUT_MEAN: mean}
