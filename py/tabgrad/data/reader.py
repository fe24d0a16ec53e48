"""Reads a packed data set block by block. Each block is fetched once, checked against its hash, and kept in memory.

The caller passes in how to fetch and decompress (`fetch`, `inflate`), because the browser has its own functions for
both. Otherwise this module runs the same in CPython and in the page. Owns the blocks in memory; knows no training.
"""

from __future__ import annotations

import asyncio
import gzip
import hashlib

import numpy as np
from numpy.typing import NDArray

from .base import Fetch, Inflate, Samples, check_indices
from .errors import DataError
from .index import DataIndex, SplitInfo, SplitName

#: Blocks fetched at the same time. A browser opens six connections to a host; two are left for the rest of the page.
CONCURRENT_FETCHES = 4


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
    def loaded_blocks(self) -> int:
        """The number of blocks in memory."""
        return sum(task.done() and not _failed(task) for task in self._tasks.values())

    @property
    def complete(self) -> bool:
        """True once all blocks are in memory. Cheap, because a run asks for every batch."""
        self._complete = self._complete or self.loaded_blocks == len(self.info.blocks)
        return self._complete

    def prefetch(self, k: int) -> asyncio.Task[None]:
        """Start to fetch block `k`, unless it is in memory or on its way. A failed fetch is tried again."""
        task = self._tasks.get(k)
        if task is None or _failed(task):
            task = self._tasks[k] = asyncio.ensure_future(self._load(k))
            # `block` raises the failure. Without this, asyncio would log failures of blocks that are never asked for.
            task.add_done_callback(_failed)
        return task

    async def block(self, k: int) -> Samples:
        """Block `k`, fetched at most once. Raises DataError."""
        if not 0 <= k < len(self.info.blocks):
            raise DataError(f"There is no block {k}: the {self.name!r} split has {len(self.info.blocks)} blocks.")
        # Shielded: if one caller is cancelled, others still get the block.
        await asyncio.shield(self.prefetch(k))
        rows = slice(self.starts[k], self.starts[k + 1])
        return Samples(self.samples.images[rows], self.samples.labels[rows])

    async def sample(self, i: int) -> tuple[NDArray[np.uint8], int]:
        """Image `i`, uint8 (height, width), and its label. Fetches only the block that it is in. Raises DataError."""
        check_indices([i], self.name, len(self))
        await self.block(self.block_of(i))
        return self.samples.images[i], int(self.samples.labels[i])

    async def load(self) -> Samples:
        """All samples in order. Fetches a few blocks at a time. Raises DataError for the first failure."""
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
            raise DataError(f"The data block {info.file} is damaged and cannot be decompressed: try again.") from error
        if len(raw) != info.count * (height * width + 1) or hashlib.sha256(raw).hexdigest() != info.sha256:
            raise DataError(f"The data block {info.file} is damaged, it does not match its hash: try again.")
        values = np.frombuffer(raw, np.uint8)
        pixels = info.count * height * width
        rows = slice(self.starts[k], self.starts[k + 1])
        self.samples.images[rows] = values[:pixels].reshape(info.count, height, width)
        self.samples.labels[rows] = values[pixels:]


def _failed(task: asyncio.Task[None]) -> bool:
    return task.done() and (task.cancelled() or task.exception() is not None)
