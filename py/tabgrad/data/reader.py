"""Reads a packed data set block by block: fetched once, checked against its hash, kept in memory.

How bytes come and how gzip is undone is given by the caller (`fetch`, `inflate`), because the browser has its own
ways for both; so this module runs the same in CPython and in the page. Owns the cache of blocks; knows no training.
"""

from __future__ import annotations

import asyncio
import gzip
import hashlib
from collections.abc import Awaitable, Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .errors import DataError
from .index import DataIndex, SplitInfo, SplitName, load_index

Fetch = Callable[[str], Awaitable[bytes]]
Inflate = Callable[[bytes], Awaitable[bytes]]
#: Blocks asked for at once. Browsers open six connections to a host; two are left for the rest of the page.
CONCURRENT_FETCHES = 4


class Samples(NamedTuple):
    """`images` uint8 (n, height, width), 0 is paper and 255 is ink; `labels` uint8 (n,)."""

    images: NDArray[np.uint8]
    labels: NDArray[np.uint8]


async def gunzip(data: bytes) -> bytes:
    """Inflate with Python's own zlib: for CPython, and for a browser without DecompressionStream."""
    return gzip.decompress(data)


class Split:
    """One split of a data set. Blocks and samples are numbered from 0 in the index's order.

    `samples` holds the whole split, allocated at once; rows of blocks that are not there yet are blank.
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
    def loaded_blocks(self) -> int:
        """How many blocks are in memory, for a progress bar."""
        return sum(task.done() and not _failed(task) for task in self._tasks.values())

    @property
    def complete(self) -> bool:
        """True once all blocks are in memory. Cheap: it is asked for every few batches."""
        self._complete = self._complete or self.loaded_blocks == len(self.info.blocks)
        return self._complete

    def prefetch(self, k: int) -> asyncio.Task[None]:
        """Begin to fetch block `k` unless it is here or on its way; a failed fetch is tried again."""
        task = self._tasks.get(k)
        if task is None or _failed(task):
            task = self._tasks[k] = asyncio.ensure_future(self._load(k))
            # A failure is told to whoever asks for the block; one that nobody asks for must not be logged as lost.
            task.add_done_callback(_failed)
        return task

    async def block(self, k: int) -> Samples:
        """Block `k`, fetched at most once. Raises DataError."""
        if not 0 <= k < len(self.info.blocks):
            raise DataError(f"There is no block {k}: the {self.name!r} split has {len(self.info.blocks)} blocks.")
        # Shielded: one caller that gives up must not cancel the block for the others.
        await asyncio.shield(self.prefetch(k))
        rows = slice(self.starts[k], self.starts[k + 1])
        return Samples(self.samples.images[rows], self.samples.labels[rows])

    async def sample(self, i: int) -> tuple[NDArray[np.uint8], int]:
        """Image `i`, uint8 (height, width), and its label. Fetches only the block that it is in. Raises DataError."""
        if not 0 <= i < len(self):
            raise DataError(f"There is no sample {i}: the {self.name!r} split has {len(self)}.")
        await self.block(self.block_of(i))
        return self.samples.images[i], int(self.samples.labels[i])

    async def load(self) -> Samples:
        """All samples, in order, fetched a few blocks at a time. Raises DataError with the first failure."""
        gate = asyncio.Semaphore(CONCURRENT_FETCHES)

        async def one(k: int) -> None:
            async with gate:
                await self.block(k)

        await asyncio.gather(*(one(k) for k in range(len(self.info.blocks))))
        return self.samples

    def block_of(self, i: int) -> int:
        """The block that sample `i` is in."""
        return int(np.searchsorted(self.starts, i, side="right")) - 1

    async def _load(self, k: int) -> None:
        info, (height, width) = self.info.blocks[k], self.samples.images.shape[1:]
        packed = await self._fetch(info.file)
        try:
            raw = await self._inflate(packed)
        except Exception as error:  # each platform's inflate has its own exceptions
            raise DataError(f"The data block {info.file} is damaged: it does not inflate. Try again.") from error
        if len(raw) != info.count * (height * width + 1) or hashlib.sha256(raw).hexdigest() != info.sha256:
            raise DataError(f"The data block {info.file} is damaged: it does not match its hash. Try again.")
        values = np.frombuffer(raw, np.uint8)
        pixels = info.count * height * width
        rows = slice(self.starts[k], self.starts[k + 1])
        self.samples.images[rows] = values[:pixels].reshape(info.count, height, width)
        self.samples.labels[rows] = values[pixels:]


def _failed(task: asyncio.Task[None]) -> bool:
    return task.done() and (task.cancelled() or task.exception() is not None)


class DataSet:
    """A packed data set: `train`, `validation` and `test`. `fetch` is given file names relative to the index."""

    def __init__(self, index: DataIndex, fetch: Fetch, inflate: Inflate = gunzip) -> None:
        self.index = index
        self.train = Split(index, "train", fetch, inflate)
        self.validation = Split(index, "validation", fetch, inflate)
        self.test = Split(index, "test", fetch, inflate)


async def open_data(index_file: str, fetch: Fetch, inflate: Inflate = gunzip) -> DataSet:
    """Fetch and check the index; the blocks come when they are asked for. Raises DataError."""
    return DataSet(load_index(await fetch(index_file)), fetch, inflate)
