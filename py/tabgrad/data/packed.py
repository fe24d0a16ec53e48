"""Data sets that come with the site as blocks, such as MNIST: reading them.

Each block is fetched once, checked against its hash, and kept in memory. The caller passes in how to fetch and
decompress (`fetch`, `inflate`), because the browser has its own functions for both. The format is in `index`; blocks
are made by `mnist`, each a fair sample of all digits. The order in which a run takes samples is `blocks`'.
"""

from __future__ import annotations

import gzip
import hashlib
from functools import partial

import numpy as np

from tabgrad.alphabet import DIGITS

from .base import DataError, Fetch, Inflate, Samples
from .blocks import BlockData, Split
from .index import SPLITS, BlockInfo, DataIndex, SplitName, load_index

#: A damaged file is fetched again with this at its end: a cache may hold a portal's page, or half of the file. The page
#: then asks past its caches (`interop.files`). Static hosts ignore a query.
PAST_CACHES = "?again"


async def gunzip(data: bytes) -> bytes:
    """Decompress with Python's own zlib, for CPython and for browsers without DecompressionStream."""
    return gzip.decompress(data)


class PackedData(BlockData):
    """The splits `train`, `validation` and `test` of a packed data set. Implements `base.RunData`.

    `fetch` gets file names relative to the index. Blocks are fetched when they are first needed.
    """

    alphabet, fingerprint = DIGITS, ""

    def __init__(self, index: DataIndex, fetch: Fetch, inflate: Inflate = gunzip, description: str = "") -> None:
        self.index, self.description = index, description
        self._fetch, self._inflate = fetch, inflate
        super().__init__({name: self._split(name) for name in SPLITS})
        self.train, self.validation, self.test = self._splits.values()

    def _split(self, name: SplitName) -> Split:
        counts = [block.count for block in self.index.splits[name].blocks]
        return Split(name, counts, self.index.shape, partial(self._load, name))

    async def _load(self, name: SplitName, k: int) -> Samples:
        info = self.index.splits[name].blocks[k]
        try:
            raw = await self._unpacked(info, info.file)
        except DataError:
            raw = await self._unpacked(info, info.file + PAST_CACHES)
        (height, width), values = self.index.shape, np.frombuffer(raw, np.uint8)
        pixels = info.count * height * width
        return Samples(values[:pixels].reshape(info.count, height, width), values[pixels:])

    async def _unpacked(self, info: BlockInfo, url: str) -> bytes:
        """The block at `url`, checked. Raises DataError if it is damaged."""
        height, width = self.index.shape
        packed = await self._fetch(url)
        try:
            raw = await self._inflate(packed)
        except Exception as error:  # each platform's inflate has its own exceptions
            raise DataError(f"The data block {info.file} is damaged and cannot be decompressed: try again.") from error
        if len(raw) != info.count * (height * width + 1) or hashlib.sha256(raw).hexdigest() != info.sha256:
            raise DataError(f"The data block {info.file} is damaged, it does not match its hash: try again.")
        return raw


async def open_packed(index_file: str, fetch: Fetch, inflate: Inflate = gunzip, description: str = "") -> PackedData:
    """Fetch and check the index of a data set; blocks follow when they are needed. Raises DataError."""
    try:
        index = load_index(await fetch(index_file))
    except DataError:
        index = load_index(await fetch(index_file + PAST_CACHES))
    return PackedData(index, fetch, inflate, description)
