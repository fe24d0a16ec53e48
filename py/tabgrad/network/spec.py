"""A network's specification: plain data that fits in a card, a message or a file, from which it is built again.

    {"kind": "mlp", "hidden": [128], "activation": "relu", "dropout": 0.0, "center": False}
    {"kind": "cnn", "stages": ["conv5x8", "pool", "dense64"], "activation": "relu", "dropout": 0.0}

Only "kind" is required. Owns its reading where a card or a file gives only a part of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .stages import CNN_STAGES, Shape
from .state import layer_count

Spec = Mapping[str, Any]


def spec_of(card: Mapping[str, Any], shapes: Mapping[str, Shape]) -> dict[str, Any]:
    """The complete specification of a network: its card's, completed by what the shapes of its weights say.

    A CNN whose card names no stages has the default ones. Dropout is left out: it is for training only. Raises
    KeyError if `shapes` lack a layer of an MLP.
    """
    known = card.get("spec")
    spec = dict(known) if isinstance(known, Mapping) else {"kind": "cnn" if "convs.0.weight" in shapes else "mlp"}
    spec.pop("dropout", None)
    if spec["kind"] == "cnn":
        spec.setdefault("stages", list(CNN_STAGES))
    else:
        spec["hidden"] = [shapes[f"layers.{i}.weight"][1] for i in range(layer_count(shapes) - 1)]
    return spec
