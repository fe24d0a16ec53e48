"""What a run needs from its settings: which programs, and which values are only inputs of them.

Plain data: tinygrad is not needed to plan a run.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from tabgrad.incoming import quoted
from tabgrad.network import is_written
from tabgrad.program import VARIANTS, Program, ProgramError, Target
from tabgrad.settings import TUNABLE, RunSettings, SettingsError, answering_spec, training_spec

#: Images per evaluation step. Large enough to keep an engine busy; divides 5,000 and 10,000.
EVALUATION_BATCH = 250
#: Programs that look into a network. The site has those of its own networks; those of a source are made here.
WRITTEN_ONLY = ("activations", "saliency")


def training_options(settings: RunSettings) -> dict[str, Any]:
    """What is compiled into the training program: fields of `tabgrad.model.Training`."""
    return {
        "batch": settings.batch,
        "optimizer": settings.optimizer_row.rule,
        "label_smoothing": settings.label_smoothing,
        "clip": settings.clip > 0,
    }


def hyperparameters(settings: RunSettings, program: Program) -> dict[str, NDArray[np.float32]]:
    """Values (1,) of the training program's inputs that stay the same from step to step, by name."""
    used = settings.optimizer_row.fields
    values = {name: getattr(settings, name) if name in used else 0.0 for name in ("momentum", "weight_decay")}
    values["clip_norm"] = settings.clip
    changing = ("x", "y", "lr", "teacher")  # with every step
    names = [b.name for b in program.by_role("input") if b.name not in changing]
    if unknown := [name for name in names if name not in values]:
        raise ProgramError(f"The training program asks for {quoted(unknown[0])}, which is no setting of this page.")
    return {name: np.array([values[name]], np.float32) for name in names}


def tuned(settings: RunSettings, values: Mapping[str, Any]) -> RunSettings:
    """`settings` with `values` changed during the run; SettingsError if one of them needs another program."""
    if fixed := sorted(set(values) - TUNABLE):
        raise SettingsError(f"The setting {quoted(fixed[0])} cannot change during a run: stop it and start a new one.")
    changed = RunSettings.make(values, settings)
    if (changed.clip > 0) != (settings.clip > 0):
        raise SettingsError("Gradient clipping cannot be switched on or off during a run: stop it and start a new one.")
    return changed


@dataclass(frozen=True, slots=True)
class ProgramRequest:
    """A program, named by what it is made from. `kind` is "train", "evaluate" or "infer"; for a written network also
    "init", "activations" or "saliency".
    """

    kind: str
    spec: Mapping[str, Any]
    options: Mapping[str, Any]
    target: str
    variant: str

    @property
    def stem(self) -> str:
        """File name without suffix, and cache key. It changes with anything that changes the program."""
        text = json.dumps([dict(self.spec), dict(self.options)], sort_keys=True, separators=(",", ":"))
        digest = hashlib.sha256(text.encode()).hexdigest()[:12]
        return f"{self.kind}-{digest}.{self.target}.{self.variant}"


def training_request(settings: RunSettings, target: str, variant: str) -> ProgramRequest:
    """The training program of a run."""
    return ProgramRequest("train", training_spec(settings), training_options(settings), target, variant)


def evaluation_request(settings: RunSettings, target: str, variant: str) -> ProgramRequest:
    """The evaluation program of a run. Dropout does nothing there, so one program serves all rates."""
    spec = {name: value for name, value in training_spec(settings).items() if name != "frozen"}
    evaluated = {**spec, "dropout": 0.0} if "dropout" in spec else spec
    return ProgramRequest("evaluate", evaluated, {"batch": EVALUATION_BATCH}, target, variant)


def initial_request(settings: RunSettings, target: str, variant: str) -> ProgramRequest:
    """The program that makes what a written network starts from."""
    return ProgramRequest("init", training_spec(settings), {}, target, variant)


def answer_request(settings: RunSettings, target: str, variant: str, name: str = "infer") -> ProgramRequest:
    """The inference program with which the page answers drawings, or one of `WRITTEN_ONLY`, which look inside.

    ProgramError if there is no such target or program.
    """
    if variant not in VARIANTS.get(cast(Target, target), ()):
        raise ProgramError(f"There are no programs for {quoted(f'{target}.{variant}')}: reload the page.")
    spec = answering_spec(settings)
    if name != "infer" and not (is_written(spec) and name in WRITTEN_ONLY):
        raise ProgramError(f"The worker makes no program {quoted(name)} of this network.")
    return ProgramRequest(name, spec, {}, target, variant)
