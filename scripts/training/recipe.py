"""A recipe: everything that decides a trained model but its seed. Owns the files in scripts/recipes; runs nothing."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from tabgrad.data.augment import Augmentation
from tabgrad.settings import RunSettings

FOLDER = Path(__file__).resolve().parents[1] / "recipes"


class RecipeError(ValueError):
    """A recipe cannot be used; the message is one sentence."""


@dataclass(frozen=True)
class Recipe:
    """A model and how it is trained.

    `spec` describes the network (`tabgrad.model.build`). `settings` are those of a run in the page (`RunSettings`:
    optimizer, lr, schedule, batch, epochs, patience, ...); what the page does not offer follows. `ema`: decay per step
    of the averaged weights, 0 is off. `strokes_share`: share of generated digits. `garbage_share`: share of drawings
    that are none, for which each digit is as likely as the others. `teacher`: the recipe, and folder of models/, of the
    network whose logits are learnt from, with `teacher_share` of the loss at `temperature`; its samples are distorted
    once, in `copies` copies of the training set, because asking the teacher costs more than the step itself.
    """

    name: str
    title: str
    spec: Mapping[str, Any]
    settings: Mapping[str, Any] = field(default_factory=dict)
    seeds: tuple[int, ...] = (1, 2, 3)
    beta2: float = 0.999
    ema: float = 0.0
    augmentation: Mapping[str, Any] = field(default_factory=dict)
    strokes_share: float = 0.0
    garbage_share: float = 0.0
    teacher: str = ""
    teacher_share: float = 0.0
    temperature: float = 3.0
    copies: int = 12

    def run_settings(self, seed: int) -> RunSettings:
        """The settings of the run with `seed`, checked. SettingsError for one that is out of its limits."""
        return RunSettings.make({**self.settings, "seed": seed})

    def soft_targets(self) -> dict[str, Any]:
        """How the loss weighs targets that are given as logits (`model.Training`): the teacher's, else the labels' own.

        Without a teacher nothing but garbage needs them; then the whole loss is the cross entropy with those targets.
        """
        if self.garbage_share and not self.teacher:
            return {"teacher_share": 1.0, "temperature": 1.0}
        return {"teacher_share": self.teacher_share, "temperature": self.temperature}

    def distortions(self) -> Augmentation:
        """The augmentation of the training images."""
        return Augmentation(**self.augmentation)

    def changed(self, values: Mapping[str, Any]) -> Recipe:
        """A copy with fields of the recipe, or of its settings, replaced."""
        own = {f.name for f in fields(self)} - {"settings"}
        settings = {**self.settings, **{k: v for k, v in values.items() if k not in own}}
        return replace(self, settings=settings, **{k: v for k, v in values.items() if k in own})

    def to_json(self) -> dict[str, Any]:
        """Plain values, as in a recipe file."""
        return {**asdict(self), "seeds": list(self.seeds)}

    def digest(self) -> str:
        """12 hex digits that tell recipes apart, for the names of cached files."""
        return hashlib.sha256(json.dumps(self.to_json(), sort_keys=True).encode()).hexdigest()[:12]


def load_recipe(name: str) -> Recipe:
    """The recipe in scripts/recipes/<name>.json. Raises RecipeError."""
    path = FOLDER / f"{name}.json"
    try:
        body = json.loads(path.read_text())
        return Recipe(**{**body, "seeds": tuple(body.get("seeds", (1, 2, 3)))})
    except FileNotFoundError:
        known = ", ".join(sorted(p.stem for p in FOLDER.glob("*.json")))
        raise RecipeError(f"There is no recipe {name!r}; there are {known}.") from None
    except (ValueError, TypeError) as error:
        raise RecipeError(f"The recipe {path.name} cannot be read: {error}.") from error
