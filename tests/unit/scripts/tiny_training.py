"""For tests of scripts.train: a tiny recipe, a corpus of generated digits instead of MNIST, and a trained run."""

import json
from pathlib import Path

import numpy as np

from scripts.train import loop
from scripts.train.data import Corpus
from scripts.train.distillation import DistillationSet
from scripts.train.engine import open_engine
from scripts.train.recipe import Recipe
from tabgrad.data.index import load_index
from tabgrad.data.packed import PackedData
from tabgrad.data.strokes import StrokeSource

TINY = Recipe(
    name="tiny",
    title="Tiny",
    spec={"kind": "mlp", "hidden": [16], "center": True},
    settings={"optimizer": "adamw", "lr": 0.01, "batch": 32, "epochs": 3},
    ema=0.9,
    strokes_share=0.25,
    augmentation={"shift_px": 1.0},
)


def corpus(count: int = 960) -> Corpus:
    """A corpus of generated digits instead of MNIST."""
    samples = StrokeSource(9).take_now(count)
    histogram = np.bincount(samples.labels, minlength=10).tolist()
    split = {
        "count": count,
        "histogram": histogram,
        "blocks": [{"file": "0", "count": count, "sha256": "0" * 64, "size_bytes": 0}],
    }
    body = {
        "format": "tabgrad-data",
        "version": 1,
        "name": "t",
        "shape": [28, 28],
        "classes": 10,
        "order": "",
        "sources": {},
        "splits": dict.fromkeys(("train", "validation", "test"), split),
    }

    async def fetch(name: str) -> bytes:
        raise AssertionError("all blocks are loaded already")

    async def loaded(k: int) -> None:
        pass

    data = PackedData(load_index(json.dumps(body)), fetch)
    data.train._load = loaded
    data.train.samples.images[:], data.train.samples.labels[:] = samples
    mean = (samples.images.reshape(-1, 784).mean(0) / 255).astype(np.float32)
    return Corpus(data, StrokeSource(10).take_now(300), mean)


async def fitted(
    recipe: Recipe,
    save: Path | None = None,
    stop_after: int = 0,
    distilled: DistillationSet | None = None,
    lines: list[str] | None = None,
) -> loop.Run:
    run = loop.Run(recipe, 1, corpus(), await open_engine("wasm"))
    stop = (lambda history: len(history.loss) == stop_after) if stop_after else None
    await run.fit(distilled, save, (lines if lines is not None else []).append, stop)
    return run
