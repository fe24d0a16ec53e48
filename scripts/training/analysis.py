"""Figures in the text of docs/sweeps/analysis.md: `{{name}}` there stands for one of these, so that none goes stale."""

from __future__ import annotations

import json
import re
import statistics
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from .record import recorded

FOLDER = Path(__file__).resolve().parents[2] / "models"
#: The models that the log of experiments tells of.
MODELS = ("mlp", "cnn")
#: Images of the validation split.
VALIDATION = 5000
#: The run of generated digits alone, as docs/sweeps/long-runs.json has it.
STROKES = "scripts.train strokes"
Row = Mapping[str, Any]


def card_of(name: str) -> Row:
    """A shipped model's card."""
    card: Row = json.loads((FOLDER / name / "card.json").read_text())
    return card


def text_figures() -> dict[str, str]:
    """What the analysis may say of the shipped models and of generated digits alone: {name: figure}.

    Lists are by seed, shares in per cent. Garbage is of three kinds, with equally many drawings of each.
    """
    figures: dict[str, str] = {}
    for name in MODELS:
        card = card_of(name)
        figures |= {
            f"{name} validation errors": _listed(seed["validation_errors"] for seed in card["seeds"]),
            f"{name} validation losses": _listed(f"{seed['validation_loss']:.3f}" for seed in card["seeds"]),
            f"{name} mean test errors": f"{statistics.mean(seed['test_errors'] for seed in card['seeds']):.0f}",
            f"{name} refused garbage": f"{100 * statistics.mean(card['garbage_refused_by_kind'].values()):.0f}",
            f"{name} refused digits": f"{100 * card['drawn_digits_refused']:.1f}",
        }
    errors = [row["validation_errors"] for run in recorded() if run["command"] == STROKES for row in run["seeds"]]
    right = 100 - 100 * statistics.mean(errors) / VALIDATION
    return {**figures, "strokes validation errors": _listed(errors), "strokes right": f"{right:.0f}"}


def _listed(values: Iterable[Any]) -> str:
    *first, last = map(str, values)
    return f"{', '.join(first)} and {last}"


def filled(analysis: str) -> str:
    """The analysis with its figures. Raises KeyError for a name that is none of them."""
    figures = text_figures()
    return re.sub(r"\{\{([a-z ]+)\}\}", lambda match: figures[match[1]], analysis)
