"""Data sets that come with the site as blocks, such as MNIST. Their format is in `index`, reading them in `reader`.

Owns the three splits of such a data set; makes no blocks (see `pack`).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .base import Fetch, Inflate, Samples, Source, no_such_split
from .batches import SplitSource
from .index import DataIndex, load_index
from .reader import Split, gunzip


class PackedData:
    """The splits `train`, `validation` and `test` of a packed data set. Implements `base.RunData`.

    `fetch` gets file names relative to the index. Blocks are fetched when they are first needed.
    """

    fingerprint = ""

    def __init__(self, index: DataIndex, fetch: Fetch, inflate: Inflate = gunzip, description: str = "") -> None:
        self.index, self.description = index, description
        self.train = Split(index, "train", fetch, inflate)
        self.validation = Split(index, "validation", fetch, inflate)
        self.test = Split(index, "test", fetch, inflate)
        self.count = len(self.train)

    def source(self, seed: int) -> Source:
        return SplitSource(self.train, seed)

    async def split(self, name: str) -> Samples:
        return await self._split(name).load()

    async def samples(self, name: str, indices: Sequence[int]) -> Samples:
        found = [await self._split(name).sample(i) for i in indices]
        images = np.array([image for image, _ in found], np.uint8).reshape(-1, *self.index.shape)
        return Samples(images, np.array([label for _, label in found], np.uint8))

    def size(self, name: str) -> int:
        return len(self._split(name))

    def _split(self, name: str) -> Split:
        splits = {"train": self.train, "validation": self.validation, "test": self.test}
        if name not in splits:
            raise no_such_split(name, splits)
        return splits[name]


async def open_packed(index_file: str, fetch: Fetch, inflate: Inflate = gunzip, description: str = "") -> PackedData:
    """Fetch and check the index of a data set; blocks follow when they are needed. Raises DataError."""
    return PackedData(load_index(await fetch(index_file)), fetch, inflate, description)
