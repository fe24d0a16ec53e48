"""Lessons for a student network: distorted images with the logits that a trained teacher gives them.

Asking the teacher costs more than the student's step, so a fixed number of distorted copies of the training set is
asked about once and kept on disk; every seed of the student shuffles the same lessons. Owns that cache.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tabgrad import model
from tabgrad.backends.base import Device
from tabgrad.data.seeding import generator
from tabgrad.network import load_safetensors

from .data import Corpus, recipe_source
from .garbage import NO_DIGIT
from .recipe import Recipe, load_recipe

ROOT = Path(__file__).resolve().parents[2]
CACHE = ROOT / ".cache" / "lessons"
BATCH = 250
#: The lessons' own seed: all students learn from the same distortions.
SEED = 77


class Lessons:
    """`images` uint8 (n, 28, 28), `labels` uint8 (n,), `logits` float32 (n, 10) of the teacher.

    `teacher` is the SHA-256 of its weights file.
    """

    def __init__(
        self, images: NDArray[np.uint8], labels: NDArray[np.uint8], logits: NDArray[np.float32], teacher: str = ""
    ) -> None:
        self.teacher = teacher
        self.images, self.labels, self.logits = images, labels, logits
        self._order: tuple[tuple[int, int], NDArray[np.intp]] = ((0, -1), np.zeros(0, np.intp))

    def take(
        self, position: int, count: int, seed: int
    ) -> tuple[NDArray[np.uint8], NDArray[np.uint8], NDArray[np.float32]]:
        """Lessons `position`..`position + count` of the endless stream that `seed` shuffles."""
        parts = []
        while count:
            turn, offset = divmod(position, len(self.labels))
            if self._order[0] != (seed, turn):
                self._order = ((seed, turn), generator(seed, turn).permutation(len(self.labels)))
            parts.append(self._order[1][offset : offset + count])
            position, count = position + len(parts[-1]), count - len(parts[-1])
        rows = np.concatenate(parts)
        return self.images[rows], self.labels[rows], self.logits[rows]


async def prepare_lessons(recipe: Recipe, corpus: Corpus, device: Device) -> Lessons:
    """The lessons of `recipe`, from the cache or made in minutes. FileNotFoundError without its teacher."""
    folder = ROOT / "models" / recipe.teacher
    weights = (folder / "weights.safetensors").read_bytes()
    digest = hashlib.sha256(weights).hexdigest()
    parts = [digest, recipe.strokes_share, recipe.garbage_share, recipe.copies, dict(recipe.augmentation)]
    key = hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:12]
    path = CACHE / f"{key}.npz"
    if not path.exists():
        lessons = await _ask(recipe, corpus, device, load_recipe(recipe.teacher).spec, weights)
        CACHE.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(".part.npz")
        np.savez(part, images=lessons.images, labels=lessons.labels, logits=lessons.logits)
        part.replace(path)
    with np.load(path) as kept:
        return Lessons(kept["images"], kept["labels"], kept["logits"], digest)


async def _ask(recipe: Recipe, corpus: Corpus, device: Device, spec: model.Spec, weights: bytes) -> Lessons:
    teacher = await device.load(model.evaluation(spec, BATCH, device.target, device.variants[0]))
    for name, value in load_safetensors(weights)[0].items():
        teacher.write(name, value)
    source = recipe_source(recipe, corpus, SEED)
    steps, parts = recipe.copies * len(corpus.data.train) // BATCH, []
    for start in range(0, steps, 16):
        count = min(16, steps - start)
        images, labels = await source.take(count * BATCH)
        streams: dict[str, NDArray[Any]] = {
            "x": images.reshape(count, BATCH, 784),
            "y": labels.astype(np.int32).reshape(count, BATCH),
        }
        answer = await teacher.run_steps(count, streams, ["logits"])
        answers = answer["logits"].reshape(-1, 10)
        answers[labels == NO_DIGIT] = 0  # the teacher must not guess, either
        parts.append((images, labels, answers))
        if start % 160 == 0:
            print(f"asking the teacher: {start * BATCH} of {steps * BATCH} images", flush=True)
    teacher.destroy()
    images, labels, logits = (np.concatenate(part) for part in zip(*parts, strict=True))
    return Lessons(images, labels, logits)
