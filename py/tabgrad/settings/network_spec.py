"""The network that settings ask for, and the settings that a network asks for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tabgrad.network import CNN_STAGES

from .fields import SettingsError
from .run_settings import RunSettings

#: The settings that decide the architecture.
ARCHITECTURE = frozenset({"model", "hidden", "activation"})


def training_spec(settings: RunSettings) -> dict[str, Any]:
    """The specification of the network in training."""
    common = {"activation": settings.activation, "dropout": settings.dropout}
    if settings.model == "cnn":
        return {"kind": "cnn", **common}
    return {"kind": "mlp", "hidden": list(settings.hidden), "center": settings.center == "mean", **common}


def answering_spec(settings: RunSettings) -> dict[str, Any]:
    """The network that the page runs: a centred MLP's mean is folded into its bias, and dropout is for training."""
    return {name: value for name, value in training_spec(settings).items() if name not in ("center", "dropout")}


def settings_for(spec: Mapping[str, Any], base: RunSettings) -> RunSettings | None:
    """`base` with the architecture of a complete `spec`; None if no settings give that network."""
    if spec["kind"] == "cnn" and tuple(spec["stages"]) != CNN_STAGES:
        return None
    values = {"model": spec["kind"], "activation": spec.get("activation", "relu")}
    if spec["kind"] == "mlp":
        values["hidden"] = spec["hidden"]
    try:
        return RunSettings.make(values, base)
    except SettingsError:
        return None


def network_name(settings: RunSettings) -> str:
    """What a run's network is called: "784-128-10" or "CNN"."""
    return "CNN" if settings.model == "cnn" else "-".join(map(str, (784, *settings.hidden, 10)))
