"""The figures in docs/sweeps/analysis.md: each `{{name}}` there is replaced by a figure from the cards and runs."""

from __future__ import annotations

import json
import re
import statistics
from collections.abc import Iterable, Mapping
from typing import Any

from .card import MODELS as FOLDER
from .long_runs import recorded

#: The models that HYPERPARAMETERS.md describes.
MODELS = ("mlp", "cnn")
#: Number of images in the validation split.
VALIDATION = 5000
#: The command of the run on generated digits alone, in docs/sweeps/long-runs.json.
STROKES = "scripts.train strokes"
Row = Mapping[str, Any]


def card_of(name: str) -> Row:
    """A shipped model's card."""
    card: Row = json.loads((FOLDER / name / "card.json").read_text())
    return card


def text_figures() -> dict[str, str]:
    """The figures of the shipped models and of generated digits alone: {name: figure}.

    Lists have one figure a seed. Shares are in per cent. There are equally many drawings of each out-of-distribution
    kind, so the mean over the kinds is the share of all.
    """
    figures: dict[str, str] = {}
    for name in MODELS:
        card = card_of(name)
        figures |= {
            f"{name} validation errors": _listed(seed["validation_errors"] for seed in card["seeds"]),
            f"{name} validation losses": _listed(f"{seed['validation_loss']:.3f}" for seed in card["seeds"]),
            f"{name} mean test errors": f"{statistics.mean(seed['test_errors'] for seed in card['seeds']):.0f}",
            f"{name} refused ood": f"{100 * statistics.mean(card['garbage_refused_by_kind'].values()):.0f}",
            f"{name} refused digits": f"{100 * card['drawn_digits_refused']:.1f}",
        }
    errors = [row["validation_errors"] for run in recorded() if run["command"] == STROKES for row in run["seeds"]]
    right = 100 - 100 * statistics.mean(errors) / VALIDATION
    return {**figures, "strokes validation errors": _listed(errors), "strokes right": f"{right:.0f}"}


def _listed(values: Iterable[Any]) -> str:
    *first, last = map(str, values)
    return f"{', '.join(first)} and {last}"


def filled(analysis: str) -> str:
    """The text with its figures filled in. Raises KeyError for an unknown name."""
    figures = text_figures()
    return re.sub(r"\{\{([a-z ]+)\}\}", lambda match: figures[match[1]], analysis)
