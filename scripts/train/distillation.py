"""Knowledge distillation: distorted training images with the logits that a trained teacher gives for them.

The teacher takes longer than a training step of the student. So its logits are computed once, for a fixed number of
distorted copies of the training set, and cached on disk; each seed shuffles the same images. Owns that cache.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scripts.sitebuild.parts import ROOT
from tabgrad import model
from tabgrad.backends import Device
from tabgrad.data.seeding import generator
from tabgrad.network import CLASSES, load_safetensors

from .data import Corpus, recipe_source
from .out_of_distribution import NO_DIGIT
from .recipe import Recipe, load_recipe

CACHE = ROOT / ".cache" / "distillation"
BATCH = 250
#: The seed of the distortions, which all students share.
SEED = 77


class DistillationSet:
    """`images` uint8 (n, 28, 28), `labels` uint8 (n,), and `logits` float32 (n, classes) of the teacher.

    `teacher` is the SHA-256 of the teacher's weights file.
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
        """`count` images, labels and logits from `position` on, in the endless order that `seed` shuffles."""
        parts = []
        while count:
            epoch, offset = divmod(position, len(self.labels))
            if self._order[0] != (seed, epoch):
                self._order = ((seed, epoch), generator(seed, epoch).permutation(len(self.labels)))
            parts.append(self._order[1][offset : offset + count])
            position, count = position + len(parts[-1]), count - len(parts[-1])
        rows = np.concatenate(parts)
        return self.images[rows], self.labels[rows], self.logits[rows]


async def open_distillation_set(recipe: Recipe, corpus: Corpus, device: Device) -> DistillationSet:
    """The set of `recipe`, from the cache, or computed in minutes. Raises FileNotFoundError without its teacher."""
    folder = ROOT / "models" / recipe.teacher
    weights = (folder / "weights.safetensors").read_bytes()
    digest = hashlib.sha256(weights).hexdigest()
    parts = [digest, recipe.strokes_share, recipe.garbage_share, recipe.copies, dict(recipe.augmentation)]
    key = hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:12]
    path = CACHE / f"{key}.npz"
    if not path.exists():
        made = await _run_teacher(recipe, corpus, device, load_recipe(recipe.teacher).spec, weights)
        CACHE.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(".part.npz")
        np.savez(part, images=made.images, labels=made.labels, logits=made.logits)
        part.replace(path)
    with np.load(path) as kept:
        return DistillationSet(kept["images"], kept["labels"], kept["logits"], digest)


async def _run_teacher(
    recipe: Recipe, corpus: Corpus, device: Device, spec: model.Spec, weights: bytes
) -> DistillationSet:
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
        answers = answer["logits"].reshape(-1, CLASSES)
        answers[labels == NO_DIGIT] = 0  # all digits equal, whatever the teacher guesses
        parts.append((images, labels, answers))
        if start % 160 == 0:
            print(f"Running the teacher: {start * BATCH} of {steps * BATCH} images", flush=True)
    teacher.destroy()
    images, labels, logits = (np.concatenate(part) for part in zip(*parts, strict=True))
    return DistillationSet(images, labels, logits)
