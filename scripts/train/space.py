"""The search spaces of the sweeps, and the recipe of each of their points. Trains nothing.

Learning rates are searched relative to the usual rate of each optimizer, so that optimizers are compared at rates that
suit them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tabgrad.data.augment import MILD

from .recipe import Recipe

#: The usual learning rate of each optimizer at batch 64. Muon is left out: its Newton-Schulz iterations take ten times
#: as long as the gradient of these networks.
USUAL_LR = {"sgd": 0.1, "momentum": 0.05, "adamw": 0.003}
#: The lowest and the highest factor on the usual rate.
LR_RANGE = (0.15, 6.0)
BATCHES = (32, 64, 128, 256)
HIDDEN = ("64", "128", "128-64", "96-64-32", "136")
STAGES = {
    "5x5x8, 5x5x24, 64": ("conv5x8", "pool", "conv5x24", "pool", "dense64"),
    "5x5x16, 5x5x32, 64": ("conv5x16", "pool", "conv5x32", "pool", "dense64"),
    "5x5x16, 5x5x32, 128": ("conv5x16", "pool", "conv5x32", "pool", "dense128"),
    "5x5x8, 5x5x24": ("conv5x8", "pool", "conv5x24", "pool"),
}


def suggest(kind: str, trial: Any) -> dict[str, Any]:
    """Choose a configuration for a network of `kind` "mlp" or "cnn". `trial` is Optuna's."""
    params = {
        "optimizer": trial.suggest_categorical("optimizer", list(USUAL_LR)),
        "lr_factor": trial.suggest_float("lr_factor", *LR_RANGE, log=True),
        "batch": trial.suggest_categorical("batch", BATCHES),
        "schedule": trial.suggest_categorical("schedule", ["one_cycle", "cosine", "exponential"]),
        "activation": trial.suggest_categorical("activation", ["relu", "leaky_relu", "silu", "tanh"]),
        "dropout": trial.suggest_categorical("dropout", [0.0, 0.1, 0.3]),
        "augmentation": trial.suggest_categorical("augmentation", [0.0, 0.5, 1.0, 1.5]),
        "label_smoothing": trial.suggest_categorical("label_smoothing", [0.0, 0.05]),
        "ema": trial.suggest_categorical("ema", [0.0, 0.998]),
    }
    if kind == "mlp":
        params["hidden"] = trial.suggest_categorical("hidden", HIDDEN)
        params["center"] = trial.suggest_categorical("center", [False, True])
    else:
        params["stages"] = trial.suggest_categorical("stages", list(STAGES))
    return params


def recipe_of(kind: str, params: Mapping[str, Any], epochs: float) -> Recipe:
    """The recipe of a configuration, for `epochs` epochs on MNIST alone, without generated digits."""
    spec: dict[str, Any] = {"kind": kind, "activation": params["activation"], "dropout": params["dropout"]}
    if kind == "mlp":
        spec |= {"hidden": [int(n) for n in params["hidden"].split("-")], "center": params["center"]}
    else:
        spec |= {"stages": list(STAGES[params["stages"]])}
    strength = float(params["augmentation"])
    names = ("rotation_deg", "log_scale", "log_aspect", "shear", "shift_px", "elastic_px")
    return Recipe(
        name=kind,
        title=kind.upper(),
        spec=spec,
        settings={
            "optimizer": params["optimizer"],
            # The rate grows with the square root of the batch (Krizhevsky 2014, https://arxiv.org/abs/1404.5997).
            "lr": USUAL_LR[params["optimizer"]] * params["lr_factor"] * (params["batch"] / 64) ** 0.5,
            "schedule": params["schedule"],
            "decay": 0.5,
            "batch": params["batch"],
            "epochs": epochs,
            "weight_decay": 0.01 if params["optimizer"] == "adamw" else 0.0,
            "label_smoothing": params["label_smoothing"],
        },
        ema=params["ema"],
        beta2=0.99,
        augmentation={name: getattr(MILD, name) * strength for name in names},
    )
