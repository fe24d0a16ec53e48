"""An endless, seedable, repeatable stream of training samples over a split that is still arriving.

Owns the order in which samples are seen. The first epoch goes block by block (each a fair sample, see `pack`) in a
seeded order, so training starts when the first block is in; every later epoch shuffles the whole split. The order
depends on the seed and the position alone, never on how fast the network is: the same seed gives the same losses,
and a run resumed at a position continues exactly as if it had not been interrupted.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from .reader import Samples, Split

#: Blocks on their way while the present one is trained on: as many as are fetched at once.
BLOCKS_AHEAD = 4


class Source(Protocol):
    """Training samples without end: MNIST's split here, generated digits in `strokes`.

    `position` is the number of samples taken so far; setting it resumes a run.
    """

    position: int

    async def take(self, count: int) -> Samples:
        """The next `count` samples: images uint8 (count, height, width), labels uint8 (count,). Raises DataError."""


class SplitSource:
    """The samples of `split` without end, in an order that `seed` decides. Implements `Source`."""

    def __init__(self, split: Split, seed: int, position: int = 0) -> None:
        self.split, self.seed, self.position = split, seed, position
        self._epoch = -1
        self._order: NDArray[np.intp] = np.zeros(0, np.intp)

    async def take(self, count: int) -> Samples:
        """The next `count` samples, copied. Waits only for the blocks that these are in."""
        rows = self._rows(count)
        if not self.split.complete:
            await self._arrival(self._blocks(rows))
        self.position += count
        # `take` copies whole images, an index into three dimensions their rows: 0.2 and 0.5 us an image in Pyodide.
        return Samples(self.split.samples.images.take(rows, 0), self.split.samples.labels[rows])

    async def _arrival(self, needed: list[int]) -> None:
        """Wait for these blocks. The next ones are begun first, so that they arrive while these are trained on."""
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
        """The blocks that hold `rows`, in the order in which they are first needed."""
        blocks = np.searchsorted(self.split.starts, rows, side="right") - 1
        return [int(k) for k in dict.fromkeys(blocks.tolist())]

    def _epoch_order(self, epoch: int) -> NDArray[np.intp]:
        if epoch != self._epoch:
            # RandomState's stream is frozen for good; a newer NumPy must not change what a seed means.
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
    """`main` with an even sprinkling of `other`: sample p is from `other` whenever p * share passes a whole number.

    Implements `Source`. Nothing random is needed, because both sources are shuffled already.
    """

    def __init__(self, main: Source, other: Source, share: float, position: int = 0) -> None:
        self.main, self.other, self.share = main, other, share
        self.position = position

    async def take(self, count: int) -> Samples:
        """The next `count` samples of both, in stream order."""
        turns = np.floor(np.arange(self.position, self.position + count + 1) * self.share).astype(np.int64)
        is_other = np.diff(turns) > 0
        self.other.position, self.main.position = int(turns[0]), self.position - int(turns[0])
        self.position += count
        if is_other.all() or not is_other.any():
            return await (self.other if is_other[0] else self.main).take(count)
        others, mains = await self.other.take(int(is_other.sum())), await self.main.take(int((~is_other).sum()))
        images = np.empty((count, *others.images.shape[1:]), np.uint8)
        labels = np.empty(count, np.uint8)
        images[is_other], labels[is_other] = others
        images[~is_other], labels[~is_other] = mains
        return Samples(images, labels)
