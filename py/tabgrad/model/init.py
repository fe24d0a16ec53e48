"""Initial weights of a network. The drawing itself needs no tinygrad: see `tabgrad.network.initial`."""

from typing import Any

from numpy.typing import NDArray

from tabgrad.network import draw_weights

from .spec import Network, state


def initial_weights(network: Network, seed: int) -> dict[str, NDArray[Any]]:
    """Draw the state dict of `network`: float32 arrays by name, in the shapes of its tensors."""
    return draw_weights({name: tuple(int(n) for n in t.shape) for name, t in state(network).items()}, seed)
