"""A model's card: its network, its recipe and its figures. Owns models/<name>/ and computes no figure of accuracy."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scripts.sitebuild.parts import ROOT
from tabgrad import model
from tabgrad.network import fold_mean, save_safetensors
from tabgrad.session.evaluation import interval_95

MODELS = ROOT / "models"


def multiply_adds(spec: model.Spec) -> int:
    """Multiply-adds of one inference, in dense and convolution layers; other layers are not counted."""
    network = model.build(spec)
    if isinstance(network, model.MLP):
        return sum(int(layer.weight.numel()) for layer in network.layers)
    size, total, convs = 28, 0, iter(network.convs)
    for stage in network.stages:
        if stage == "pool":
            size //= 2
        elif stage.startswith("conv"):
            weight, padding = (conv := next(convs)).weight, conv.padding
            size += 2 * padding - int(weight.shape[-1]) + 1
            total += int(weight.numel()) * size * size
    return total + sum(int(layer.weight.numel()) for layer in network.layers)


def architecture(spec: model.Spec) -> str:
    """The network in one line, such as "784-128-10" or "conv5x8, pool, conv5x24, pool, dense64, 10"."""
    network = model.build(spec)
    if isinstance(network, model.MLP):
        return "-".join(str(n) for n in (784, *(int(layer.weight.shape[1]) for layer in network.layers)))
    return ", ".join((*network.stages, "10"))


def test_row(errors: int, count: int) -> dict[str, Any]:
    """The card's figures of the test set: accuracy in 0..1 with Wilson's 95 % interval."""
    accuracy = 1 - errors / count
    interval = [round(bound, 5) for bound in interval_95(accuracy, count)]
    return {"test_errors": errors, "test_count": count, "test_accuracy": accuracy, "test_accuracy_95": interval}


def write_model(
    name: str,
    weights: Mapping[str, NDArray[Any]],
    spec: model.Spec,
    facts: Mapping[str, Any],
    seeds: Sequence[Mapping[str, Any]],
) -> None:
    """Write models/<name>/weights.safetensors and card.json. A centred MLP's mean image is folded into its bias.

    `facts` go into the card as they are. `weights` are those of the first of `seeds`.
    """
    shipped = {k: v for k, v in spec.items() if k not in ("center", "dropout")}
    card = {
        "name": name,
        "architecture": architecture(shipped),
        "spec": shipped,
        "parameters": model.parameter_count(model.build(shipped)),
        "multiply_adds": multiply_adds(shipped),
        **{k: v for k, v in seeds[0].items() if k != "history"},
        **facts,
        "input_mean": "folded into the first bias" if spec.get("center") else "none",
        "test_accuracy_mean": round(float(np.mean([s["test_accuracy"] for s in seeds])), 5),
        "seeds": sorted(({k: v for k, v in s.items() if k != "history"} for s in seeds), key=lambda s: int(s["seed"])),
        # Rounded, because the page fetches the card before the first prediction.
        "history": {name: [round(v, 4) for v in values] for name, values in seeds[0]["history"].items()},
    }
    folder = write_weights(name, weights)
    (folder / "card.json").write_text(json.dumps(card, indent=1, ensure_ascii=False) + "\n")


def write_weights(name: str, weights: Mapping[str, NDArray[Any]]) -> Path:
    """Write models/<name>/weights.safetensors; returns the folder. The page has only models that also have a card."""
    folder = MODELS / name
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "weights.safetensors").write_bytes(save_safetensors(fold_mean(weights), {"model": name}))
    return folder
