"""Digits without a data set: an endless stream of handwriting, generated from the templates.

Owns the stream: which template, which hand, which pen. Sample p of a seed is always the same digit, in any chunking,
so runs can be resumed and repeated. The embedded default where MNIST is missing, and the styles that MNIST lacks.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tabgrad.ink import Stroke

from ..reader import Samples
from ..seeding import generator
from .render import normalise_many
from .shapes import Hand, write
from .templates import DIGITS, Template

#: Digits generated at once. All digits of a chunk depend on (seed, chunk) alone.
CHUNK = 256
#: Spread of the pen's width (natural logarithm).
WIDTH_SPREAD = 0.12


def draw_chunk(
    seed: int, chunk: int, hand: Hand | None = None, templates: Sequence[Template] = DIGITS
) -> tuple[list[list[Stroke]], NDArray[np.uint8]]:
    """Chunk `chunk` of the stream as vectors: `CHUNK` drawings, about 1 high, and their labels uint8 (CHUNK,)."""
    rng = generator(seed, chunk)
    labels = np.array([t.label for t in templates])
    share = np.array([t.weight for t in templates], np.float64)
    share /= np.bincount(labels, share)[labels]
    choice = rng.choice(len(templates), CHUNK, p=share / share.sum())
    widths = np.exp(rng.normal(0, WIDTH_SPREAD, CHUNK))
    drawings: list[list[Stroke]] = [[] for _ in range(CHUNK)]
    for k in np.unique(choice):
        places = np.flatnonzero(choice == k)
        for stroke in write(templates[k], len(places), hand or Hand(), rng):
            for place, points in zip(places, stroke, strict=True):
                drawings[place].append(Stroke(points.astype(np.float32), float(widths[place])))
    return drawings, labels[choice].astype(np.uint8)


def render_chunk(seed: int, chunk: int, hand: Hand | None = None) -> Samples:
    """Chunk `chunk` of the stream as network inputs."""
    drawings, labels = draw_chunk(seed, chunk, hand)
    return Samples(normalise_many(drawings), labels)


class StrokeSource:
    """Generated digits without end. Implements `batches.Source`; set `position` to resume."""

    def __init__(self, seed: int, position: int = 0, hand: Hand | None = None) -> None:
        self.seed, self.position, self.hand = seed, position, hand
        self._chunk, self._samples = -1, Samples(np.zeros((0, 28, 28), np.uint8), np.zeros(0, np.uint8))

    async def take(self, count: int) -> Samples:
        """The next `count` digits: images uint8 (count, 28, 28), labels uint8 (count,)."""
        return self.take_now(count)

    def take_now(self, count: int) -> Samples:
        """As `take`; a generator never waits."""
        images, labels = [], []
        while count:
            chunk, offset = divmod(self.position, CHUNK)
            if chunk != self._chunk:
                self._chunk, self._samples = chunk, render_chunk(self.seed, chunk, self.hand)
            images.append(self._samples.images[offset : offset + count])
            labels.append(self._samples.labels[offset : offset + count])
            count -= len(labels[-1])
            self.position += len(labels[-1])
        return Samples(np.concatenate(images), np.concatenate(labels))
