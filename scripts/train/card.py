"""A model's card: its network, its recipe and its figures. Owns models/<name>/; counts no errors itself."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scripts.sitebuild.parts import ROOT
from tabgrad import model
from tabgrad.metrics import wilson_95
from tabgrad.network import IMAGE_SHAPE, Spec, Stage, classes_of, fold_mean, parameter_count, save_safetensors, stages

MODELS = ROOT / "models"


def multiply_adds(spec: Spec) -> int:
    """Multiplications of one inference in dense and convolution layers; the other layers do not count here."""
    return sum(_products(stage) for stage in stages(spec))


def _products(stage: Stage) -> int:
    if stage.kind == "conv":
        kernel, channels, _ = stage.numbers
        return kernel * kernel * stage.input_shape[0] * channels * math.prod(stage.shape[1:])
    return math.prod(stage.input_shape) * stage.units if stage.kind == "dense" else 0


def architecture(spec: Spec) -> str:
    """One line for people, such as "784-128-10" or "conv5x8, pool, conv5x24, pool, dense64, 10"."""
    if spec["kind"] == "cnn":
        return ", ".join((*spec["stages"], str(classes_of(spec))))
    return "-".join(map(str, (math.prod(IMAGE_SHAPE), *spec["hidden"], classes_of(spec))))


def test_row(errors: int, count: int) -> dict[str, Any]:
    """The card's figures of the test set: accuracy in 0..1 with Wilson's 95 % interval."""
    accuracy = 1 - errors / count
    interval = [round(bound, 5) for bound in wilson_95(count - errors, count)]
    return {"test_errors": errors, "test_count": count, "test_accuracy": accuracy, "test_accuracy_95": interval}


def write_model(
    name: str,
    weights: Mapping[str, NDArray[Any]],
    spec: Spec,
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
        "parameters": parameter_count(model.shapes(model.build(shipped))),
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
