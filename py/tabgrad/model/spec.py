"""Builds a network in tinygrad from its specification."""

from __future__ import annotations

from collections.abc import Mapping

from tinygrad import Tensor
from tinygrad.nn.state import get_state_dict

from tabgrad.network import Spec, is_trained
from tabgrad.network import parameter_count as network_parameters

from .cnn import CNN
from .mlp import MLP

Network = MLP | CNN
KINDS: Mapping[str, type[MLP] | type[CNN]] = {"mlp": MLP, "cnn": CNN}


def build(spec: Spec) -> Network:
    """The network that `spec` describes, with tensors that have shapes but no values. ValueError if it is not one."""
    options = {str(k): v for k, v in spec.items() if k != "kind"}
    if spec.get("kind") not in KINDS:
        raise ValueError(f"A network is of kind {' or '.join(KINDS)}, not {spec.get('kind')!r}.")
    try:
        return KINDS[spec["kind"]](**options)
    except (TypeError, KeyError) as error:
        raise ValueError(f"The network's description has a part that is not known: {error}.") from error


def state(network: Network) -> dict[str, Tensor]:
    """All tensors of the network by name: `layers.0.weight`, `norms.1.running_mean`, ..."""
    return dict(get_state_dict(network))


def trained(network: Network) -> dict[str, Tensor]:
    """The tensors that training changes by gradient."""
    return {name: t for name, t in state(network).items() if is_trained(name)}


def parameter_count(network: Network) -> int:
    """Number of trained parameters."""
    return network_parameters({name: tuple(int(n) for n in t.shape) for name, t in state(network).items()})
