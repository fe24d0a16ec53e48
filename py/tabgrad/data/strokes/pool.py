"""A pool of drawn samples: they are drawn once, then shown again with distortions.

To draw a digit takes about fifty times as long as to train on it. So a run draws a pool of digits, a chunk at a time
when it is first needed. In the first pass over the pool the digits come as they were drawn; in later passes they are
shuffled and distorted. Owns this order, which depends on the seed and the position alone, so that runs can be resumed
and repeated.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from ..augment import MILD, Augmenter
from ..base import Samples, joined
from ..seeding import generator
from .generator import CHUNK


class Pool:
    """An endless stream of samples from a pool of `size`. Implements `base.Source`.

    `draw` makes chunk k of the pool: `CHUNK` samples of 28x28 pixels; the last chunk may be shorter.
    """

    def __init__(self, seed: int, size: int, draw: Callable[[int], Samples]) -> None:
        self.seed, self.size, self.position = seed, size, 0
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
            cycle, offset = divmod(self.position, self.size)
            rows = self._rows(cycle)[offset : offset + count]
            for chunk in {*(rows // CHUNK).tolist()} - self._drawn:
                drawn = slice(chunk * CHUNK, (chunk + 1) * CHUNK)
                self._images[drawn], self._labels[drawn] = self._draw(chunk)
                self._drawn.add(chunk)
                await asyncio.sleep(0)  # drawing takes a while, and a worker must answer in between
            images = self._images[rows]
            parts.append(Samples(self._distort(images, self.position) if cycle else images, self._labels[rows]))
            self.position += len(rows)
            count -= len(rows)
        return joined(parts)

    def _rows(self, cycle: int) -> NDArray[np.intp]:
        """The order of pass number `cycle` over the pool."""
        if cycle != self._order[0]:
            order = np.arange(self.size) if cycle == 0 else generator(self.seed, cycle).permutation(self.size)
            self._order = (cycle, order)
        return self._order[1]
