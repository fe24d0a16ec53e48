"""Builds a network in tinygrad from its specification, and lists its tensors."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from numpy.typing import NDArray
from tinygrad import Tensor
from tinygrad.nn.state import get_state_dict

from tabgrad.network import Spec, classes_of, draw_weights, is_trained, is_written

from .cnn import CNN
from .mlp import MLP
from .written import WrittenNetwork

Network = MLP | CNN | WrittenNetwork
KINDS: Mapping[str, type[MLP] | type[CNN]] = {"mlp": MLP, "cnn": CNN}


def build(spec: Spec) -> Network:
    """The network that `spec` describes, with tensors that have shapes but no values. ValueError if it is not one.

    A written network is run for it: its tensors stand for the values that they begin with.
    """
    if is_written(spec):
        return WrittenNetwork(str(spec["source"]), classes_of(spec))
    options = {str(k): v for k, v in spec.items() if k != "kind"}
    if spec.get("kind") not in KINDS:
        raise ValueError(f"A network is of kind {' or '.join(KINDS)}, not {spec.get('kind')!r}.")
    try:
        return KINDS[spec["kind"]](**options)
    except (TypeError, KeyError) as error:
        raise ValueError(f"The network's description has a part that is not known: {error}.") from error


def state(network: Network) -> dict[str, Tensor]:
    """All tensors of the network by name: `layers.0.weight`, `norms.1.running_mean`, ..."""
    return network.tensors if isinstance(network, WrittenNetwork) else dict(get_state_dict(network))


def shapes(network: Network) -> dict[str, tuple[int, ...]]:
    """The shapes of all tensors by name."""
    return {name: tuple(int(n) for n in tensor.shape) for name, tensor in state(network).items()}


def trained(network: Network) -> dict[str, Tensor]:
    """The tensors that training changes by gradient."""
    if isinstance(network, WrittenNetwork):
        return network.parameters
    frozen = network.frozen_names if isinstance(network, CNN) else frozenset[str]()
    return {name: tensor for name, tensor in state(network).items() if is_trained(name) and name not in frozen}


def draws_random_numbers(network: Network) -> bool:
    """Whether the network may draw random numbers while it is trained."""
    return isinstance(network, WrittenNetwork) or network.dropout > 0


def initial_weights(network: Network, seed: int) -> dict[str, NDArray[Any]]:
    """Draw the state dict of `network`: float32 arrays by name, in the shapes of its tensors."""
    return draw_weights(shapes(network), seed)
