"""A network that answers, as one to begin a run with: the settings that it asks for, and its weights.

Knows which networks the worker can build; starts nothing.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from tabgrad.explain.stages import CNN_STAGES, spec_of
from tabgrad.network import fold_mean, save_safetensors
from tabgrad.settings import USUAL_RATES, RunSettings, SettingsError

from ..models.shipped import Model

#: The settings that the network decides, once it is chosen.
ARCHITECTURE = frozenset({"model", "hidden", "activation"})
#: A network that has learned takes smaller steps. On turned generated digits the shipped MLP learned the new hand as
#: well with a tenth of the usual rate, and still read 96 % of the straight ones: 42 % with all of it.
TIMES_SMALLER = 10


def settings_like(model: Model, settings: RunSettings) -> RunSettings | None:
    """`settings` with the architecture of `model`; None if the worker has no such network."""
    shapes = {buffer.name: buffer.shape for buffer in model.executable.program.by_role("weight")}
    try:
        spec = spec_of(model.card, dict.fromkeys(shapes, np.zeros(0)))  # it looks at the names alone
        values = {"model": spec["kind"], "activation": spec.get("activation", "relu")}
        if spec["kind"] == "mlp":
            layers = [shapes[f"layers.{i}.weight"] for i in range(sum(name.endswith(".weight") for name in shapes))]
            values["hidden"] = [shape[1] for shape in layers[:-1]]
        elif tuple(spec["stages"]) != CNN_STAGES:
            return None
        return RunSettings.make(values, settings)
    except (KeyError, SettingsError):
        return None


def gentler(settings: RunSettings, begins_with_network: bool) -> RunSettings:
    """The rate that suits the beginning, unless the visitor has chosen one."""
    usual = USUAL_RATES[settings.optimizer]
    own, other = usual / TIMES_SMALLER, usual
    if not begins_with_network:
        own, other = other, own
    return replace(settings, lr=own) if settings.lr == other else settings


async def weights_of(model: Model) -> bytes:
    """The weights that `model` answers with, as a plain network's safetensors file. Raises EngineError."""
    executable = model.executable
    return save_safetensors(fold_mean(await executable.read(*(b.name for b in executable.program.by_role("weight")))))
