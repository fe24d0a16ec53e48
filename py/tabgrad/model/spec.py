"""What is needed to build a network again: plain data that fits in a card, a URL or a message."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tinygrad import Tensor
from tinygrad.nn.state import get_state_dict

from .cnn import CNN
from .layers import STATISTICS
from .mlp import MLP

Network = MLP | CNN
#: For example {"kind": "mlp", "hidden": [128]} or {"kind": "cnn", "stages": ["conv5x8", "pool", "dense64"]}.
Spec = Mapping[str, Any]
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
    return {name: t for name, t in state(network).items() if not name.endswith(STATISTICS)}


def parameter_count(network: Network) -> int:
    """Number of trained parameters."""
    return sum(int(t.numel()) for t in trained(network).values())
