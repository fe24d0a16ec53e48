"""From settings to what must be compiled and what is only an input: the one place that knows both vocabularies.

Everything here is plain data; tinygrad is not needed to plan a run.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tabgrad.program import Program, ProgramError
from tabgrad.settings import TUNABLE, RunSettings, SettingsError

#: Images per evaluation step. Large enough to keep an engine busy, and it divides 5,000 and 10,000.
EVALUATION_BATCH = 250


def spec(settings: RunSettings) -> dict[str, Any]:
    """The network as `tabgrad.model.build` takes it."""
    common = {"activation": settings.activation, "dropout": settings.dropout}
    if settings.model == "cnn":
        return {"kind": "cnn", **common}
    return {"kind": "mlp", "hidden": list(settings.hidden), "center": settings.center == "mean", **common}


def answering_spec(settings: RunSettings) -> dict[str, Any]:
    """The network that the page runs: a centred MLP's mean is folded into its bias, and dropout is for training."""
    return {name: value for name, value in spec(settings).items() if name not in ("center", "dropout")}


def recipe(settings: RunSettings) -> dict[str, Any]:
    """What is compiled into the training program: the fields of `tabgrad.model.Training`."""
    optimizer = {"momentum": "sgd", "adam": "adamw"}.get(settings.optimizer, settings.optimizer)
    return {
        "batch": settings.batch,
        "optimizer": optimizer,
        "label_smoothing": settings.label_smoothing,
        "clip": settings.clip > 0,
    }


def knobs(settings: RunSettings, program: Program) -> dict[str, NDArray[np.float32]]:
    """Values of the training program's 1-element inputs but `lr`, which changes with every step."""
    values = {
        "momentum": 0.0 if settings.optimizer == "sgd" else settings.momentum,
        "weight_decay": 0.0 if settings.optimizer == "adam" else settings.weight_decay,
        "clip_norm": settings.clip,
    }
    names = [b.name for b in program.by_role("input") if b.name not in ("x", "y", "lr", "teacher")]
    if unknown := [name for name in names if name not in values]:
        raise ProgramError(f"The training program asks for {unknown[0]!r}, which is no setting of this page.")
    return {name: np.array([values[name]], np.float32) for name in names}


def tuned(settings: RunSettings, values: Mapping[str, Any]) -> RunSettings:
    """`settings` with `values` changed during the run; SettingsError if one of them needs another program."""
    if fixed := sorted(set(values) - TUNABLE):
        raise SettingsError(f"The setting {fixed[0]!r} cannot change during a run: stop it and start a new one.")
    changed = RunSettings.make(values, settings)
    if (changed.clip > 0) != (settings.clip > 0):
        raise SettingsError("Gradient clipping cannot be switched on or off during a run: stop it and start a new one.")
    return changed


@dataclass(frozen=True, slots=True)
class ProgramRequest:
    """A program by what it is made from. `kind` is "train", "evaluate" or "infer"; `options` are its other inputs."""

    kind: str
    spec: Mapping[str, Any]
    options: Mapping[str, Any]
    target: str
    variant: str

    @property
    def stem(self) -> str:
        """File name without suffix and cache key: it changes with anything that changes the program."""
        text = json.dumps([dict(self.spec), dict(self.options)], sort_keys=True, separators=(",", ":"))
        digest = hashlib.sha256(text.encode()).hexdigest()[:12]
        return f"{self.kind}-{digest}.{self.target}.{self.variant}"


def training_request(settings: RunSettings, target: str, variant: str) -> ProgramRequest:
    """The training program of a run."""
    return ProgramRequest("train", spec(settings), recipe(settings), target, variant)


def evaluation_request(settings: RunSettings, target: str, variant: str) -> ProgramRequest:
    """The evaluation program of a run. Dropout does nothing there, so one program serves all rates."""
    evaluated = {**spec(settings), "dropout": 0.0}
    return ProgramRequest("evaluate", evaluated, {"batch": EVALUATION_BATCH}, target, variant)


def answer_request(settings: RunSettings, target: str, variant: str) -> ProgramRequest:
    """The inference program with which the page answers drawings during a run."""
    return ProgramRequest("infer", answering_spec(settings), {}, target, variant)
