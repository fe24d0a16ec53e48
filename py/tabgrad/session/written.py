"""Training images as the source of a written network distorts them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from tabgrad.data import Samples, Source

#: Distorts images uint8 (B, 28, 28), with random numbers of the generator. Raises SourceError.
Augment = Callable[[NDArray[np.uint8], np.random.Generator], NDArray[np.uint8]]


class DistortedBatches:
    """The samples of `source`, distorted by `augment` a batch at a time. Implements `Source`.

    Seed and step alone decide the random numbers of a batch, so that a resumed run repeats them.
    """

    def __init__(self, source: Source, augment: Augment, batch: int, seed: int) -> None:
        self.position = source.position
        self._source, self._augment, self._batch, self._seed = source, augment, batch, seed

    async def take(self, count: int) -> Samples:
        """The next `count` samples: whole batches. Raises SourceError or DataError."""
        self._source.position = self.position
        images, labels = await self._source.take(count)
        first = self.position // self._batch
        self.position += count
        parts = [
            self._augment(
                images[i * self._batch : (i + 1) * self._batch], np.random.default_rng((self._seed, first + i))
            )
            for i in range(count // self._batch)
        ]
        return Samples(np.concatenate(parts), labels)
