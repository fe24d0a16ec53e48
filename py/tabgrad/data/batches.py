"""Endless, seeded streams of training samples over a split whose blocks are still arriving.

Owns the order of the samples. The first epoch goes block by block in a seeded order, so that training can start with
the first block; each block is a fair sample (see `pack`). Later epochs shuffle the whole split. The order depends on
the seed and the position alone, not on the speed of the network connection: the same seed gives the same losses, and
a resumed run continues as if it had not been interrupted.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .base import Samples, Source
from .reader import Split

#: Blocks that are fetched while a run trains on the current one: as many as are fetched at the same time.
BLOCKS_AHEAD = 4


class SplitSource:
    """The samples of `split`, epoch after epoch, in an order that `seed` decides. Implements `base.Source`."""

    def __init__(self, split: Split, seed: int, position: int = 0) -> None:
        self.split, self.seed, self.position = split, seed, position
        self._epoch = -1
        self._order: NDArray[np.intp] = np.zeros(0, np.intp)

    async def take(self, count: int) -> Samples:
        """Copies of the next `count` samples. Waits only for the blocks that they are in. Raises DataError."""
        rows = self._rows(count)
        if not self.split.complete:
            await self._wait_for(self._blocks(rows))
        self.position += count
        # `take` copies whole images, indexing copies row by row: 0.2 and 0.5 us per image in Pyodide.
        return Samples(self.split.samples.images.take(rows, 0), self.split.samples.labels[rows])

    async def _wait_for(self, needed: list[int]) -> None:
        """Wait for these blocks. Start to fetch the next ones first, so that they arrive during training on these."""
        ahead = self._order[(self.position % len(self.split)) :]
        for k in [*needed, *self._blocks(ahead)[:BLOCKS_AHEAD]]:
            self.split.prefetch(k)
        for k in needed:
            await self.split.block(k)

    def _rows(self, count: int) -> NDArray[np.intp]:
        parts, position = [], self.position
        while count:
            epoch, offset = divmod(position, len(self.split))
            parts.append(self._epoch_order(epoch)[offset : offset + count])
            count -= len(parts[-1])
            position += len(parts[-1])
        return np.concatenate(parts)

    def _blocks(self, rows: NDArray[np.intp]) -> list[int]:
        """The blocks that hold `rows`, in the order in which they are needed."""
        blocks = np.searchsorted(self.split.starts, rows, side="right") - 1
        return [int(k) for k in dict.fromkeys(blocks.tolist())]

    def _epoch_order(self, epoch: int) -> NDArray[np.intp]:
        if epoch != self._epoch:
            # NumPy has frozen RandomState's stream, so a seed gives the same order in every version.
            rng = np.random.RandomState((self.seed * 1_000_003 + epoch) % 2**32)
            starts = self.split.starts
            if epoch == 0:
                blocks = rng.permutation(len(starts) - 1)
                parts = [starts[k] + rng.permutation(int(starts[k + 1] - starts[k])) for k in blocks]
                self._order = np.concatenate(parts)
            else:
                self._order = rng.permutation(len(self.split))
            self._epoch = epoch
        return self._order


class Mixture:
    """Samples of `main`, of which a `share` (0..1) is replaced by samples of `other`. Implements `base.Source`.

    Sample p is from `other` whenever p * share passes a whole number. This needs no random numbers, because both
    sources are shuffled already.
    """

    def __init__(self, main: Source, other: Source, share: float, position: int = 0) -> None:
        self.main, self.other, self.share = main, other, share
        self.position = position

    async def take(self, count: int) -> Samples:
        """The next `count` samples, from both sources. Raises DataError."""
        others_before = np.floor(np.arange(self.position, self.position + count + 1) * self.share).astype(np.int64)
        is_other = np.diff(others_before) > 0
        self.other.position, self.main.position = int(others_before[0]), self.position - int(others_before[0])
        self.position += count
        if is_other.all() or not is_other.any():
            return await (self.other if is_other[0] else self.main).take(count)
        others, mains = await self.other.take(int(is_other.sum())), await self.main.take(int((~is_other).sum()))
        images = np.empty((count, *others.images.shape[1:]), np.uint8)
        labels = np.empty(count, np.uint8)
        images[is_other], labels[is_other] = others
        images[~is_other], labels[~is_other] = mains
        return Samples(images, labels)
