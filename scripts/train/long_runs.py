"""The log of long runs, docs/sweeps/long-runs.json, which HYPERPARAMETERS.md shows as a table.

Owns that file. Recording a run again replaces its former entry. The log never has figures of the test set.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping, Sequence
from typing import Any

from scripts.sitebuild.parts import ROOT

FILE = ROOT / "docs" / "sweeps" / "long-runs.json"
FIGURES = ("seed", "validation_errors", "validation_loss", "drawn_digits_accuracy", "garbage_refused_by_kind")


def command(recipe: str, changes: Sequence[str]) -> str:
    """The command that repeats a run, without its seeds."""
    return " ".join(["scripts.train", recipe, *(["--set", *map(shlex.quote, changes)] if changes else [])])


def recorded() -> list[dict[str, Any]]:
    """All entries: {"command", "epochs", "seeds": [figures of each]}."""
    return list(json.loads(FILE.read_text())) if FILE.exists() else []


def record(recipe: str, changes: Sequence[str], epochs: float, rows: Sequence[Mapping[str, Any]]) -> None:
    """Add the figures of a run, one row a seed. Other seeds that have the same command are kept."""
    entries = recorded()
    what = command(recipe, changes)
    entry = next((e for e in entries if e["command"] == what), None)
    if entry is None:
        entries.append(entry := {"command": what, "epochs": epochs, "seeds": []})
    seeds = {row["seed"]: row for row in entry["seeds"]} | {row["seed"]: _figures(row) for row in rows}
    entry["seeds"] = [seeds[seed] for seed in sorted(seeds)]
    FILE.write_text(json.dumps(entries, indent=1) + "\n")


def _figures(row: Mapping[str, Any]) -> dict[str, Any]:
    history = row["history"]
    return {
        **{name: row[name] for name in FIGURES},
        "last_errors": history["validation_errors"][-1],
        "train_seconds": row["train_seconds"],
    }
