"""An endless stream of handwritten digits, generated from the templates.

Owns the stream: which template comes next, how it is varied, how wide the pen is. Sample p of a seed is always the same
digit, so that runs can be resumed and repeated. It takes MNIST's place on a site without MNIST, and has styles of
handwriting that MNIST lacks.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tabgrad.ink import Stroke

from ..base import Samples
from ..seeding import generator
from .render import normalise_many
from .shapes import Variation, write
from .templates import DIGITS, Template

#: Digits that are generated at once. They depend on the seed and the number of the chunk alone.
CHUNK = 256
#: Standard deviation of the natural logarithm of the pen's width.
WIDTH_SPREAD = 0.12


def draw_chunk(
    seed: int, chunk: int, variation: Variation | None = None, templates: Sequence[Template] = DIGITS
) -> tuple[list[list[Stroke]], NDArray[np.uint8]]:
    """Chunk number `chunk` of the stream: `CHUNK` drawings, about 1 high, and their labels, uint8 (CHUNK,)."""
    rng = generator(seed, chunk)
    labels = np.array([t.label for t in templates])
    share = np.array([t.weight for t in templates], np.float64)
    share /= np.bincount(labels, share)[labels]
    choice = rng.choice(len(templates), CHUNK, p=share / share.sum())
    widths = np.exp(rng.normal(0, WIDTH_SPREAD, CHUNK))
    drawings: list[list[Stroke]] = [[] for _ in range(CHUNK)]
    for k in np.unique(choice):
        places = np.flatnonzero(choice == k)
        for stroke in write(templates[k], len(places), variation or Variation(), rng):
            for place, points in zip(places, stroke, strict=True):
                drawings[place].append(Stroke(points.astype(np.float32), float(widths[place])))
    return drawings, labels[choice].astype(np.uint8)


def render_chunk(seed: int, chunk: int, variation: Variation | None = None) -> Samples:
    """Chunk number `chunk` of the stream as network inputs: `CHUNK` samples of 28x28 pixels."""
    drawings, labels = draw_chunk(seed, chunk, variation)
    return Samples(normalise_many(drawings), labels)


class StrokeSource:
    """An endless stream of generated digits. Implements `base.Source`."""

    def __init__(self, seed: int, position: int = 0, variation: Variation | None = None) -> None:
        self.seed, self.position, self.variation = seed, position, variation
        self._chunk, self._samples = -1, Samples(np.zeros((0, 28, 28), np.uint8), np.zeros(0, np.uint8))

    async def take(self, count: int) -> Samples:
        """The next `count` digits: images uint8 (count, 28, 28), labels uint8 (count,)."""
        return self.take_now(count)

    def take_now(self, count: int) -> Samples:
        """As `take`, without waiting."""
        images, labels = [], []
        while count:
            chunk, offset = divmod(self.position, CHUNK)
            if chunk != self._chunk:
                self._chunk, self._samples = chunk, render_chunk(self.seed, chunk, self.variation)
            images.append(self._samples.images[offset : offset + count])
            labels.append(self._samples.labels[offset : offset + count])
            count -= len(labels[-1])
            self.position += len(labels[-1])
        return Samples(np.concatenate(images), np.concatenate(labels))
