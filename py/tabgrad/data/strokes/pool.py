"""Drawn digits for training at an engine's pace: a pool of them, drawn once, then seen again in other shapes.

Drawing a digit costs some fifty times what training on it does. So a run draws a pool of them, each as it is first
needed, and from the second pass on sees them shuffled and distorted. Owns that order; it depends on the seed and the
position alone, so runs can be resumed and repeated.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial

import numpy as np
from numpy.typing import NDArray

from ..augment import MILD, Augmenter
from ..reader import Samples
from ..seeding import generator
from .generator import CHUNK, render_chunk

#: Digits in the pool of generated ones.
POOL = 24 * CHUNK


class Pool:
    """Samples without end. Implements `batches.Source`; set `position` to resume.

    `draw` makes chunk k of the pool's `size` samples: `CHUNK` of them, or what is left for the last one.
    """

    def __init__(self, seed: int, size: int, draw: Callable[[int], Samples], position: int = 0) -> None:
        self.seed, self.size, self.position = seed, size, position
        self._draw = draw
        self._images = np.zeros((size, 28, 28), np.uint8)
        self._labels = np.zeros(size, np.uint8)
        self._drawn: set[int] = set()
        self._order: tuple[int, NDArray[np.intp]] = (-1, np.zeros(0, np.intp))
        self._distort = Augmenter(MILD, seed)

    async def take(self, count: int) -> Samples:
        """The next `count` digits: images uint8 (count, 28, 28), labels uint8 (count,)."""
        parts = []
        while count:
            turn, offset = divmod(self.position, self.size)
            rows = self._rows(turn)[offset : offset + count]
            for chunk in np.unique(rows // CHUNK):
                if self._have(int(chunk)):
                    await asyncio.sleep(0)  # others may be waiting: a command, a ping
            images = self._images[rows]
            parts.append(Samples(self._distort(images, self.position) if turn else images, self._labels[rows]))
            self.position += len(rows)
            count -= len(rows)
        return Samples(*(np.concatenate(arrays) for arrays in zip(*parts, strict=True)))

    def _rows(self, turn: int) -> NDArray[np.intp]:
        """The order of a pass over the pool: as they are drawn at first, shuffled afterwards."""
        if turn != self._order[0]:
            order = np.arange(self.size) if turn == 0 else generator(self.seed, turn).permutation(self.size)
            self._order = (turn, order)
        return self._order[1]

    def _have(self, chunk: int) -> bool:
        """Have the digits of a chunk; True if they were drawn now."""
        if chunk in self._drawn:
            return False
        rows = slice(chunk * CHUNK, (chunk + 1) * CHUNK)
        self._images[rows], self._labels[rows] = self._draw(chunk)
        self._drawn.add(chunk)
        return True


class StrokePool(Pool):
    """The pool of digits generated from templates."""

    def __init__(self, seed: int, position: int = 0) -> None:
        super().__init__(seed, POOL, partial(render_chunk, seed), position)
