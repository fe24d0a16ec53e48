"""Data sets that come with the site as blocks, such as MNIST: reading them, and the order in which a run takes samples.

Each block is fetched once, checked against its hash, and kept in memory. The caller passes in how to fetch and
decompress (`fetch`, `inflate`), because the browser has its own functions for both. The format is in `index`; blocks
are made by `mnist`.

The first epoch goes block by block in a seeded order, so that training can start with the first block; each block is a
fair sample (see `mnist`). Later epochs shuffle the whole split. The order depends on the seed and the position alone,
not on the speed of the network connection: the same seed gives the same losses, and a resumed run continues as if it
had not been interrupted.
"""

from __future__ import annotations

import asyncio
import gzip
import hashlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tabgrad.alphabet import DIGITS

from .base import DataError, Fetch, Inflate, Samples, Source, check_indices, find_split
from .index import SPLITS, BlockInfo, DataIndex, SplitInfo, SplitName, load_index

#: Blocks fetched at the same time. A browser opens six connections to a host; two are left for the rest of the page.
CONCURRENT_FETCHES = 4
#: Blocks that are fetched while a run trains on the current one: as many as are fetched at the same time.
BLOCKS_AHEAD = 4
#: A damaged file is fetched again with this at its end: a cache may hold a portal's page, or half of the file. The page
#: then asks past its caches (`interop.files`). Static hosts ignore a query.
PAST_CACHES = "?again"


async def gunzip(data: bytes) -> bytes:
    """Decompress with Python's own zlib, for CPython and for browsers without DecompressionStream."""
    return gzip.decompress(data)


class Split:
    """One split of a data set. Blocks and samples are numbered from 0, in the order of the index.

    `samples` has room for the whole split; rows of blocks that have not arrived are zero.
    """

    def __init__(self, index: DataIndex, name: SplitName, fetch: Fetch, inflate: Inflate) -> None:
        self.name = name
        self.info: SplitInfo = index.splits[name]
        self.samples = Samples(np.zeros((self.info.count, *index.shape), np.uint8), np.zeros(self.info.count, np.uint8))
        self._fetch, self._inflate = fetch, inflate
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self.starts = np.cumsum([0, *(block.count for block in self.info.blocks)])
        self._complete = False

    def __len__(self) -> int:
        return self.info.count

    @property
    def complete(self) -> bool:
        """True once all blocks are in memory. Cheap, because a run asks for every batch."""
        if not self._complete:
            loaded = sum(task.done() and not _failed(task) for task in self._tasks.values())
            self._complete = loaded == len(self.info.blocks)
        return self._complete

    def prefetch(self, k: int) -> asyncio.Task[None]:
        """Start to fetch block `k`, unless it is in memory or on its way. A failed fetch is tried again."""
        task = self._tasks.get(k)
        if task is None or _failed(task):
            task = self._tasks[k] = asyncio.ensure_future(self._load(k))
            # `block` raises the failure. Without this, asyncio would log failures of blocks that are never asked for.
            task.add_done_callback(_failed)
        return task

    async def block(self, k: int) -> None:
        """Wait for block `k`, which is fetched at most once. Raises DataError."""
        # Shielded: if one caller is cancelled, others still get the block.
        await asyncio.shield(self.prefetch(k))

    async def sample(self, i: int) -> tuple[NDArray[np.uint8], int]:
        """Image `i`, uint8 (height, width), and its label. Fetches only the block that it is in. Raises DataError."""
        check_indices([i], self.name, len(self))
        await self.block(int(np.searchsorted(self.starts, i, side="right")) - 1)
        return self.samples.images[i], int(self.samples.labels[i])

    async def load(self) -> Samples:
        """All samples in order. Fetches a few blocks at a time. Raises DataError for the first failure."""
        gate = asyncio.Semaphore(CONCURRENT_FETCHES)

        async def one(k: int) -> None:
            async with gate:
                await self.block(k)

        await asyncio.gather(*(one(k) for k in range(len(self.info.blocks))))
        return self.samples

    async def _load(self, k: int) -> None:
        info = self.info.blocks[k]
        try:
            raw = await self._unpacked(info, info.file)
        except DataError:
            raw = await self._unpacked(info, info.file + PAST_CACHES)
        (height, width), values = self.samples.images.shape[1:], np.frombuffer(raw, np.uint8)
        pixels = info.count * height * width
        rows = slice(self.starts[k], self.starts[k + 1])
        self.samples.images[rows] = values[:pixels].reshape(info.count, height, width)
        self.samples.labels[rows] = values[pixels:]

    async def _unpacked(self, info: BlockInfo, url: str) -> bytes:
        """The block at `url`, checked. Raises DataError if it is damaged."""
        height, width = self.samples.images.shape[1:]
        packed = await self._fetch(url)
        try:
            raw = await self._inflate(packed)
        except Exception as error:  # each platform's inflate has its own exceptions
            raise DataError(f"The data block {info.file} is damaged and cannot be decompressed: try again.") from error
        if len(raw) != info.count * (height * width + 1) or hashlib.sha256(raw).hexdigest() != info.sha256:
            raise DataError(f"The data block {info.file} is damaged, it does not match its hash: try again.")
        return raw


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


class PackedData:
    """The splits `train`, `validation` and `test` of a packed data set. Implements `base.RunData`.

    `fetch` gets file names relative to the index. Blocks are fetched when they are first needed.
    """

    alphabet, fingerprint = DIGITS, ""

    def __init__(self, index: DataIndex, fetch: Fetch, inflate: Inflate = gunzip, description: str = "") -> None:
        self.index, self.description = index, description
        self._splits: dict[str, Split] = {name: Split(index, name, fetch, inflate) for name in SPLITS}
        self.train, self.validation, self.test = self._splits.values()
        self.count = len(self.train)

    def source(self, seed: int) -> Source:
        return SplitSource(self.train, seed)

    async def split(self, name: str) -> Samples:
        return await find_split(self._splits, name).load()

    async def samples(self, name: str, indices: Sequence[int]) -> Samples:
        split = find_split(self._splits, name)
        found = [await split.sample(i) for i in indices]
        images = np.array([image for image, _ in found], np.uint8).reshape(-1, *self.index.shape)
        return Samples(images, np.array([label for _, label in found], np.uint8))

    def size(self, name: str) -> int:
        return len(find_split(self._splits, name))


async def open_packed(index_file: str, fetch: Fetch, inflate: Inflate = gunzip, description: str = "") -> PackedData:
    """Fetch and check the index of a data set; blocks follow when they are needed. Raises DataError."""
    try:
        index = load_index(await fetch(index_file))
    except DataError:
        index = load_index(await fetch(index_file + PAST_CACHES))
    return PackedData(index, fetch, inflate, description)
