"""Trains all seeds of a recipe, measures each, and writes the best one to models/.

Everything is chosen on the validation split. The test set and the real pen digits are read only for models that are
shipped, after all seeds are trained.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from scripts.sitebuild.parts import ROOT
from tabgrad.backends import Device
from tabgrad.network import load_safetensors, save_safetensors

from .card import test_row, write_model, write_weights
from .data import Corpus, open_corpus
from .distillation import DistillationSet, open_distillation_set
from .engine import open_engine
from .loop import Evaluator, Run, Tensors, open_evaluator
from .measure import measure, read_pen_digits
from .recipe import Recipe

RUNS = ROOT / "out" / "runs"
#: The commands that update what is made from a shipped model.
UPDATE = "make programs; python -m scripts.train.hyperparameters; python -m scripts.readme"


async def train_seed(
    recipe: Recipe, seed: int, corpus: Corpus, device: Device, distilled: DistillationSet | None
) -> tuple[dict[str, Any], Path]:
    """Train one seed, or resume it; returns its figures with its history, and the file of its weights."""
    # The name of the folder has the teacher in it: with another teacher the results differ.
    folder = RUNS / "-".join([recipe.name, recipe.digest(), *([distilled.teacher[:8]] if distilled else [])])
    folder.mkdir(parents=True, exist_ok=True)
    result, weights = folder / f"seed-{seed}.json", folder / f"seed-{seed}.weights.safetensors"
    if not result.exists():
        run = Run(recipe, seed, corpus, device)
        await run.fit(distilled, folder / f"seed-{seed}.state.safetensors")
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


async def read_test_set(evaluator: Evaluator, weights: Tensors, corpus: Corpus) -> dict[str, Any]:
    """The test errors of a finished model. This is the only function that reads the test set."""
    test = await evaluator(weights, await corpus.test())
    return test_row(int((test.logits.argmax(1) != test.labels).sum()), len(test.labels))


async def train(
    recipe: Recipe, seeds: Sequence[int], engine: str, ship: bool, weights_only: bool = False
) -> list[dict[str, Any]]:
    """Train `seeds` one after the other; returns the figures of each, the best on validation first.

    With `ship`, read the test set for each seed and write the best one to models/. With `weights_only`, write the
    weights of the best one there, without a card and without reading the test set.
    """
    corpus, device = await open_corpus(), await open_engine(engine)
    print(f"{recipe.name}: {device.description}, seeds {', '.join(map(str, seeds))}", flush=True)
    distilled = await open_distillation_set(recipe, corpus, device) if recipe.teacher else None
    done = [await train_seed(recipe, seed, corpus, device, distilled) for seed in seeds]
    done.sort(key=lambda item: (item[0]["validation_errors"], min(item[0]["history"]["validation_loss"])))
    evaluator, rows = await open_evaluator(recipe.spec, device), []
    for row, file in done:
        weights = load_safetensors(file.read_bytes())[0]
        figures, calibration = await measure(evaluator, weights, corpus)
        row.update(figures)
        if ship:
            row.update(await read_pen_digits(evaluator, weights, calibration))
            row.update(await read_test_set(evaluator, weights, corpus))
        print({name: value for name, value in row.items() if name != "history"}, flush=True)
        rows.append(row)
    if ship:
        facts = {
            "title": recipe.title,
            "recipe": recipe.to_json(),
            **({"teacher_weights_sha256": distilled.teacher} if distilled else {}),
            "engine": device.description,
            "data": dict(corpus.data.index.sources),
            "data_order": corpus.data.index.order,
        }
        write_model(recipe.name, load_safetensors(done[0][1].read_bytes())[0], recipe.spec, facts, rows)
        print(f"models/{recipe.name} has seed {rows[0]['seed']}. To update what is made from it, run: {UPDATE}")
    elif weights_only:
        write_weights(recipe.name, load_safetensors(done[0][1].read_bytes())[0])
    device.destroy()
    return rows
