"""Samples that arrive block by block, and the order in which a run takes them.

The first epoch goes block by block in a seeded order, so that training can start with the first block; each block must
be a fair sample. Later epochs shuffle the whole split. The order depends on the seed and the position alone, not on how
fast blocks arrive: the same seed gives the same losses, and a resumed run continues as if it had not been interrupted.
Where blocks come from is up to the caller: `packed` fetches them from the site, `stored` reads them from storage.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from .base import Samples, Source, check_indices, find_split

#: Blocks loaded at the same time. A browser opens six connections to a host; two are left for the rest of the page.
CONCURRENT_LOADS = 4
#: Blocks that are loaded while a run trains on the current one: as many as are loaded at the same time.
BLOCKS_AHEAD = 4
#: Gives the samples of a block by its number. Raises DataError.
LoadBlock = Callable[[int], Awaitable[Samples]]


async def _none(_block: int) -> Samples:
    raise AssertionError("All of this split is in memory.")


class Split:
    """One split of a data set. Blocks and samples are numbered from 0, in order. `counts`: the samples of each block.

    `samples` has room for the whole split; rows of blocks that have not arrived are zero. Each block is loaded at most
    once, when it is first needed, and kept in memory.
    """

    def __init__(self, name: str, counts: Sequence[int], shape: tuple[int, int], load: LoadBlock) -> None:
        self.name = name
        self.starts = np.cumsum([0, *counts])
        total = int(self.starts[-1])
        self.samples = Samples(np.zeros((total, *shape), np.uint8), np.zeros(total, np.uint8))
        self._load_block = load
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self._complete = False

    @classmethod
    def whole(cls, name: str, counts: Sequence[int], samples: Samples) -> Split:
        """A split that is in memory already; it takes over `samples`."""
        split = cls(name, [], (1, 1), _none)
        split.samples, split.starts, split._complete = samples, np.cumsum([0, *counts]), True
        return split

    def __len__(self) -> int:
        return len(self.samples.labels)

    @property
    def blocks(self) -> int:
        """The number of blocks."""
        return len(self.starts) - 1

    @property
    def complete(self) -> bool:
        """True once all blocks are in memory. Cheap, because a run asks for every batch."""
        if not self._complete:
            loaded = sum(task.done() and not _failed(task) for task in self._tasks.values())
            self._complete = loaded == self.blocks
        return self._complete

    def prefetch(self, k: int) -> asyncio.Task[None]:
        """Start to load block `k`, unless it is in memory or on its way. A load that failed is tried again."""
        task = self._tasks.get(k)
        if task is None or _failed(task):
            task = self._tasks[k] = asyncio.ensure_future(self._load(k))
            # `block` raises the failure. Without this, asyncio would log failures of blocks that are never asked for.
            task.add_done_callback(_failed)
        return task

    async def block(self, k: int) -> None:
        """Wait for block `k`, which is loaded at most once. Raises DataError."""
        if not self.complete:
            # Shielded: if one caller is cancelled, others still get the block.
            await asyncio.shield(self.prefetch(k))

    async def sample(self, i: int) -> tuple[NDArray[np.uint8], int]:
        """Image `i`, uint8 (height, width), and its label. Loads only the block that it is in. Raises DataError."""
        check_indices([i], self.name, len(self))
        await self.block(int(np.searchsorted(self.starts, i, side="right")) - 1)
        return self.samples.images[i], int(self.samples.labels[i])

    async def load(self) -> Samples:
        """All samples in order. Loads a few blocks at a time. Raises DataError for the first failure."""
        gate = asyncio.Semaphore(CONCURRENT_LOADS)

        async def one(k: int) -> None:
            async with gate:
                await self.block(k)

        await asyncio.gather(*(one(k) for k in range(self.blocks)))
        return self.samples

    async def _load(self, k: int) -> None:
        rows, found = slice(self.starts[k], self.starts[k + 1]), await self._load_block(k)
        self.samples.images[rows], self.samples.labels[rows] = found


def _failed(task: asyncio.Task[None]) -> bool:
    return task.done() and (task.cancelled() or task.exception() is not None)


class SplitSource:
    """The samples of `split`, epoch after epoch, in an order that `seed` decides. Implements `base.Source`."""

    def __init__(self, split: Split, seed: int) -> None:
        self.split, self.seed, self.position = split, seed, 0
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


class BlockData:
    """What all data sets in blocks share of `base.RunData`. `splits` has the three splits by name."""

    def __init__(self, splits: Mapping[str, Split]) -> None:
        self._splits = splits
        self.count = len(splits["train"])

    def source(self, seed: int) -> Source:
        """See `RunData`."""
        return SplitSource(self._splits["train"], seed)

    async def split(self, name: str) -> Samples:
        """See `RunData`."""
        return await find_split(self._splits, name).load()

    async def samples(self, name: str, indices: Sequence[int]) -> Samples:
        """See `RunData`."""
        split = find_split(self._splits, name)
        found = [await split.sample(i) for i in indices]
        images = np.array([image for image, _ in found], np.uint8).reshape(-1, *split.samples.images.shape[1:])
        return Samples(images, np.array([label for _, label in found], np.uint8))

    def size(self, name: str) -> int:
        """See `RunData`."""
        return len(find_split(self._splits, name))
