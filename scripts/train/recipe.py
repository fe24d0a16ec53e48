"""A recipe: everything that determines a trained model, except its seed. Owns the files in scripts/train/recipes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from tabgrad.data.augment import Augmentation
from tabgrad.settings import RunSettings

FOLDER = Path(__file__).resolve().parent / "recipes"


class RecipeError(ValueError):
    """A recipe cannot be used; the message is one sentence that says why."""


@dataclass(frozen=True)
class Recipe:
    """A model and how it is trained.

    `spec` is the network (`tabgrad.model.build`) and `settings` are those of a run in the page (`RunSettings`:
    optimizer, lr, schedule, batch, epochs, patience, ...). The page does not have the other fields:

    - `ema`: decay per step of the averaged weights; 0 trains without them.
    - `strokes_share`: share of generated digits in each batch.
    - `garbage_share`: share of out-of-distribution drawings in each batch. Cards and recorded commands have this name,
      so it stays.
    - `teacher`: the network to distil from, by the name of its recipe and of its folder in models/. Its logits make up
      `teacher_share` of the loss, at `temperature`. They are computed once, for `copies` distorted copies of the
      training set, because the teacher takes longer than a training step of the student.
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
        """The settings of the run with `seed`. Raises SettingsError if one is out of its limits."""
        return RunSettings.stored({**self.settings, "seed": seed})

    def soft_targets(self) -> dict[str, Any]:
        """The weight and temperature of targets that are given as logits (`model.Training`).

        They are the teacher's logits. Without a teacher, out-of-distribution drawings need such targets, and the whole
        loss is the cross entropy with them.
        """
        if self.garbage_share and not self.teacher:
            return {"teacher_share": 1.0, "temperature": 1.0}
        return {"teacher_share": self.teacher_share, "temperature": self.temperature}

    def distortions(self) -> Augmentation:
        """The augmentation of the training images."""
        return Augmentation(**self.augmentation)

    def changed(self, values: Mapping[str, Any]) -> Recipe:
        """A copy with the given fields of the recipe or of its settings replaced."""
        own = {f.name for f in fields(self)} - {"settings"}
        settings = {**self.settings, **{k: v for k, v in values.items() if k not in own}}
        return replace(self, settings=settings, **{k: v for k, v in values.items() if k in own})

    def to_json(self) -> dict[str, Any]:
        """The recipe as JSON values, as in its file."""
        return {**asdict(self), "seeds": list(self.seeds)}

    def digest(self) -> str:
        """12 hex digits that differ between recipes, for the names of cached files."""
        return hashlib.sha256(json.dumps(self.to_json(), sort_keys=True).encode()).hexdigest()[:12]


def load_recipe(name: str) -> Recipe:
    """Read scripts/train/recipes/<name>.json. Raises RecipeError."""
    path = FOLDER / f"{name}.json"
    try:
        body = json.loads(path.read_text())
        return Recipe(**{**body, "seeds": tuple(body.get("seeds", (1, 2, 3)))})
    except FileNotFoundError:
        known = ", ".join(sorted(p.stem for p in FOLDER.glob("*.json")))
        raise RecipeError(f"There is no recipe {name!r}; choose one of {known}.") from None
    except (ValueError, TypeError) as error:
        raise RecipeError(f"The recipe {path.name} cannot be used, correct it: {error}.") from error
