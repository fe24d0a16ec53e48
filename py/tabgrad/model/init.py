"""Initial weights, drawn with NumPy: the same seed gives the same network on every engine and in every browser."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .spec import Network, state


def initial_weights(network: Network, seed: int) -> dict[str, NDArray[Any]]:
    """Draw the state dict of `network`: float32 arrays by name, in the shapes of its tensors.

    Weights before a rectifier are N(0, 2 / fan_in), which keeps the variance of activations and gradients the same
    from layer to layer however deep the network is (He et al. 2015, https://arxiv.org/abs/1502.01852, eq. 10); the
    last layer has no rectifier after it and gets N(0, 1 / fan_in). Without this a deep MLP starts with logits that
    vanish or explode. Biases start at 0, batch norms as the identity.
    """
    rng = np.random.default_rng(seed)
    last = f"layers.{len(network.layers) - 1}.weight"
    out: dict[str, NDArray[Any]] = {}
    for name, tensor in state(network).items():
        shape = tuple(int(n) for n in tensor.shape)
        if name.endswith(".weight") and len(shape) > 1:
            fan_in = shape[0] if len(shape) == 2 else int(np.prod(shape[1:]))
            gain = 1.0 if name == last else 2.0
            out[name] = (rng.standard_normal(shape) * np.sqrt(gain / fan_in)).astype(np.float32)
        else:
            ones = name.endswith("running_var") or (name.startswith("norms.") and name.endswith(".weight"))
            out[name] = (np.ones if ones else np.zeros)(shape, np.float32)
    return out


def fold_mean(weights: dict[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    """A centred MLP's weights (`input_mean` and all) as those of a plain one: b' = b - mean @ W of the first layer."""
    out = dict(weights)
    mean = out.pop("input_mean", None)
    if mean is not None:
        out["layers.0.bias"] = (out["layers.0.bias"] - mean @ out["layers.0.weight"]).astype(np.float32)
    return out
