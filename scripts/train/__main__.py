"""Trains a shipped model from its recipe: `python -m scripts.train mlp`.

    python -m scripts.train cnn                     all seeds of the recipe; the best on validation goes to models/cnn
    python -m scripts.train cnn --seeds 2 --keep    one seed; models/ and the test set are left alone
    python -m scripts.train mlp --set lr=0.01       a changed recipe; models/ and the test set are left alone
    python -m scripts.train teacher --weights-only  the MLP's teacher; only its weights go to models/teacher
    ... --record                                    also writes the validation figures to docs/sweeps/long-runs.json
    STEPS=200 python -m scripts.train mlp           200 steps, to try that everything works

An interrupted run resumes where it was: its state is saved in out/runs after every epoch.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
from collections.abc import Sequence
from typing import Any

from scripts.train.engine import NAMES
from scripts.train.long_runs import record
from scripts.train.recipe import RecipeError, load_recipe
from scripts.train.seeds import train
from tabgrad.backends import EngineError
from tabgrad.data import DataError
from tabgrad.settings import SettingsError


def parse_changes(pairs: Sequence[str]) -> dict[str, Any]:
    """{name: value} of pairs such as "lr=0.01"; values are JSON or plain words. RecipeError without an equals sign."""
    changes: dict[str, Any] = {}
    for pair in pairs:
        name, equals, text = pair.partition("=")
        if not equals:
            raise RecipeError(f"--set takes name=value, such as lr=0.01, not {pair!r}.")
        try:
            changes[name] = json.loads(text)
        except ValueError:
            changes[name] = text
    return changes


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m scripts.train", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("recipe", help="a file in scripts/train/recipes, without .json")
    parser.add_argument("--seeds", type=int, nargs="+", help="instead of the recipe's")
    parser.add_argument("--engine", choices=NAMES, default="auto")
    parser.add_argument("--set", dest="changes", nargs="+", default=[], metavar="NAME=VALUE", help="change the recipe")
    parser.add_argument("--keep", action="store_true", help="leave models/ and the test set alone")
    parser.add_argument("--weights-only", action="store_true", help="for a teacher: no card, test set not read")
    parser.add_argument("--record", action="store_true", help="write the validation figures to the log of long runs")
    options = parser.parse_args(arguments)
    try:
        recipe = load_recipe(options.recipe).changed(parse_changes(options.changes))
        steps = int(os.environ.get("STEPS", "0"))
        if steps:
            batch = recipe.run_settings(0).batch
            recipe = recipe.changed({"epochs": steps * batch / 55_000, "copies": 1})
        seeds = options.seeds or recipe.seeds[: 1 if steps else None]
        final = not (options.changes or steps or options.keep)
        ship, weights_only = final and not options.weights_only, final and options.weights_only
        rows = asyncio.run(train(recipe, seeds, options.engine, ship, weights_only))
        if options.record:
            record(options.recipe, options.changes, recipe.run_settings(0).epochs, rows)
    except (RecipeError, SettingsError, DataError, EngineError, FileNotFoundError, ValueError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
