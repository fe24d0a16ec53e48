"""Trains a shipped model from its recipe: `python -m scripts.train mlp`.

    python -m scripts.train cnn                     all seeds of the recipe; the best on validation goes to models/cnn
    python -m scripts.train cnn --seeds 2 --keep    one seed; models/ and the test set are left alone
    python -m scripts.train mlp --set lr=0.01       a changed recipe (models/ stays as it is)
    python -m scripts.train teacher --weights-only  the MLP's teacher: its weights alone go to models/teacher
    ... --record                                    the same, and its figures go into the log of long runs
    STEPS=200 python -m scripts.train mlp           a quick run of 200 steps, to see that everything works

Interrupted runs go on where they were: state is kept in out/runs after every epoch. Everything is chosen on the
validation split; the test set is read once for each seed's finished model, to report it, after all of them are trained,
and so are the real pen digits.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from scripts.training.card import test_row, write_model, write_weights
from scripts.training.data import Corpus, open_corpus
from scripts.training.engine import NAMES, open_engine
from scripts.training.loop import Judge, Run, Tensors, open_judge
from scripts.training.measure import measure, read_pen_digits
from scripts.training.recipe import Recipe, RecipeError, load_recipe
from scripts.training.record import record
from scripts.training.teacher import Lessons, prepare_lessons
from tabgrad.backends.base import Device, EngineError
from tabgrad.data import DataError
from tabgrad.network import load_safetensors, save_safetensors
from tabgrad.settings import SettingsError

ROOT = Path(__file__).resolve().parents[1]
RUNS = ROOT / "out" / "runs"
#: What else holds a shipped network or its figures.
REMAKE = "make programs; python -m scripts.hyperparameters; python -m scripts.readme"


async def train_seed(
    recipe: Recipe, seed: int, corpus: Corpus, device: Device, lessons: Lessons | None
) -> tuple[dict[str, Any], Path]:
    """Train one seed, or take it up where it was left; returns its history and the file of its weights."""
    # Another teacher makes another student: its runs are not this one's.
    folder = RUNS / "-".join([recipe.name, recipe.digest(), *([lessons.teacher[:8]] if lessons else [])])
    folder.mkdir(parents=True, exist_ok=True)
    result, weights = folder / f"seed-{seed}.json", folder / f"seed-{seed}.weights.safetensors"
    if not result.exists():
        run = Run(recipe, seed, corpus, device)
        await run.fit(lessons, folder / f"seed-{seed}.state.safetensors")
        weights.write_bytes(save_safetensors(run.best))
        result.write_text(json.dumps(vars(run.history), indent=1))
        run.destroy()
    history: dict[str, Any] = json.loads(result.read_text())
    row = {
        "seed": seed,
        "validation_errors": min(history["validation_errors"]),
        "train_seconds": history["seconds"][-1],
        "history": history,
    }
    return row, weights


async def read_test_set(judge: Judge, weights: Tensors, corpus: Corpus) -> dict[str, Any]:
    """The test errors of a finished model: the one place where the test set is read."""
    test = await judge(weights, await corpus.test())
    return test_row(int((test.logits.argmax(1) != test.labels).sum()), len(test.labels))


async def train(
    recipe: Recipe, seeds: Sequence[int], engine: str, ship: bool, weights_only: bool = False
) -> list[dict[str, Any]]:
    """Train `seeds`, one after the other; returns what was measured of each, the best on validation first.

    With `ship`, read the test set for each and write the best to models/; with `weights_only`, write its weights there.
    """
    corpus, device = await open_corpus(), await open_engine(engine)
    print(f"{recipe.name}: {device.description}, seeds {', '.join(map(str, seeds))}", flush=True)
    lessons = await prepare_lessons(recipe, corpus, device) if recipe.teacher else None
    done = [await train_seed(recipe, seed, corpus, device, lessons) for seed in seeds]
    done.sort(key=lambda item: (item[0]["validation_errors"], min(item[0]["history"]["validation_loss"])))
    judge, rows = await open_judge(recipe.spec, device), []
    for row, file in done:
        weights = load_safetensors(file.read_bytes())[0]
        figures, calibration = await measure(judge, weights, corpus)
        row.update(figures)
        if ship:
            row.update(await read_pen_digits(judge, weights, calibration))
            row.update(await read_test_set(judge, weights, corpus))
        print({name: value for name, value in row.items() if name != "history"}, flush=True)
        rows.append(row)
    if ship:
        facts = {
            "title": recipe.title,
            "recipe": recipe.to_json(),
            **({"teacher_weights_sha256": lessons.teacher} if lessons else {}),
            "engine": device.description,
            "data": dict(corpus.data.index.sources),
            "data_order": corpus.data.index.order,
        }
        write_model(recipe.name, load_safetensors(done[0][1].read_bytes())[0], recipe.spec, facts, rows)
        print(f"models/{recipe.name}: seed {rows[0]['seed']}. What is made from it is not up to date: {REMAKE}")
    elif weights_only:
        write_weights(recipe.name, load_safetensors(done[0][1].read_bytes())[0])
    device.destroy()
    return rows


def parse_changes(pairs: Sequence[str]) -> dict[str, Any]:
    """ "lr=0.01" and the like: names with JSON values, or plain words. RecipeError without an equals sign."""
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
    """Command line; the exit status."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("recipe", help="a file in scripts/recipes, without .json")
    parser.add_argument("--seeds", type=int, nargs="+", help="instead of the recipe's")
    parser.add_argument("--engine", choices=NAMES, default="auto")
    parser.add_argument("--set", dest="changes", nargs="+", default=[], metavar="NAME=VALUE", help="change the recipe")
    parser.add_argument("--keep", action="store_true", help="leave models/ and the test set alone")
    parser.add_argument("--weights-only", action="store_true", help="no card, and no test set: for a teacher")
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
