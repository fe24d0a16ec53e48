"""The data sets a run can use, by the name in its settings: MNIST, digits drawn by a program, the visitor's own.

Owns their opening and what each calls its splits; knows no training.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from .batches import Source, SplitSource
from .errors import DataError
from .own import OwnData, fingerprint, open_own
from .reader import DataSet, Fetch, Inflate, Samples, Split, open_data
from .strokes import CHUNK, POOL, StrokePool, StrokeSource

#: What counts as an epoch of generated digits, and how many are set apart.
STROKES_PER_EPOCH = 4 * POOL
STROKES_HELD_OUT = 2_000
#: Seeds of the held-out digits: beyond those a visitor can choose, so that no run ever trains on them.
_HELD_OUT_SEEDS = {"validation": 2**31, "test": 2**31 + 1}
_DRAWN = "Digits drawn by a program"

#: Gives the visitor's drawings as a file, None if there are none. Raises OSError with one sentence.
ReadDrawings = Callable[[], Awaitable[bytes | None]]


class RunData(Protocol):
    """One data set: `count` training images, an endless seeded source of them, and the two splits set apart.

    `fingerprint` tells the contents from other ones of the same name; empty where the site alone decides them.
    """

    description: str
    count: int
    fingerprint: str

    def source(self, seed: int) -> Source:
        """Training samples without end."""

    async def split(self, name: str) -> Samples:
        """All of "validation" or "test". Raises DataError."""

    async def samples(self, name: str, indices: Sequence[int]) -> Samples:
        """Some images of a split. Raises DataError."""

    def size(self, name: str) -> int:
        """How many images a split has to show. Raises DataError."""


class BlockData:
    """A packed data set of the site. Implements `RunData`."""

    fingerprint = ""

    def __init__(self, data: DataSet, description: str) -> None:
        self._splits: dict[str, Split] = {"train": data.train, "validation": data.validation, "test": data.test}
        self.description, self.count = description, len(data.train)

    def source(self, seed: int) -> Source:
        """See `RunData`."""
        return SplitSource(self._splits["train"], seed)

    def _split(self, name: str) -> Split:
        if name not in self._splits:
            raise DataError(f"The data is split into {', '.join(self._splits)}; there is no {name[:40]!r}.")
        return self._splits[name]

    async def split(self, name: str) -> Samples:
        """See `RunData`."""
        return await self._split(name).load()

    async def samples(self, name: str, indices: Sequence[int]) -> Samples:
        """See `RunData`."""
        found = [await self._split(name).sample(i) for i in indices]
        images = np.array([image for image, _ in found], np.uint8).reshape(-1, 28, 28)
        return Samples(images, np.array([label for _, label in found], np.uint8))

    def size(self, name: str) -> int:
        """See `RunData`."""
        return len(self._split(name))


@dataclass
class StrokeData:
    """Digits generated from strokes. Implements `RunData`; an epoch is a number of digits, none comes twice."""

    description: str = _DRAWN
    count: int = STROKES_PER_EPOCH
    fingerprint: str = ""
    _held_out: dict[str, Samples] = field(default_factory=dict)
    _sources: dict[str, StrokeSource] = field(default_factory=dict)

    def source(self, seed: int) -> Source:
        """See `RunData`."""
        return StrokePool(seed)

    async def split(self, name: str) -> Samples:
        """See `RunData`."""
        if name not in _HELD_OUT_SEEDS:
            raise DataError(
                f"Drawn digits are set apart for {' and '.join(_HELD_OUT_SEEDS)}; there is no {name[:40]!r}."
            )
        if name not in self._held_out:
            source, parts = StrokeSource(_HELD_OUT_SEEDS[name]), list[Samples]()
            while source.position < STROKES_HELD_OUT:
                parts.append(await source.take(min(CHUNK, STROKES_HELD_OUT - source.position)))
                await asyncio.sleep(0)  # drawing them takes seconds, in which a worker must be able to answer
            self._held_out[name] = Samples(*(np.concatenate(arrays) for arrays in zip(*parts, strict=True)))
        return self._held_out[name]

    async def samples(self, name: str, indices: Sequence[int]) -> Samples:
        """See `RunData`. Training digits are those of seed 0. Draws no more than it must."""
        if any(not 0 <= i < self.size(name) for i in indices):
            raise DataError(f"The {name} split of drawn digits has {self.size(name)} images.")
        source = self._sources.setdefault(name, StrokeSource(_HELD_OUT_SEEDS.get(name, 0)))
        taken = list[Samples]()
        for i in indices:  # neighbours come from one chunk, which the source keeps
            source.position = i
            taken.append(source.take_now(1))
        return Samples(*(np.concatenate(parts) for parts in zip(*taken, strict=True)))

    def size(self, name: str) -> int:
        """See `RunData`."""
        return STROKES_HELD_OUT if name in _HELD_OUT_SEEDS else self.count


async def _no_drawings() -> bytes | None:
    return None


class DataSets:
    """Opens data sets once. `urls` is the manifest's "data": {"mnist": {"index": URL} or null}.

    `drawings` gives the visitor's own, which are opened anew when they have changed.
    """

    def __init__(
        self, urls: dict[str, Any], fetch: Fetch, inflate: Inflate, drawings: ReadDrawings = _no_drawings
    ) -> None:
        self._urls, self._fetch, self._inflate, self._drawings = urls, fetch, inflate, drawings
        self._open: dict[str, RunData] = {}
        self._own: OwnData | None = None

    async def open(self, name: str) -> RunData:
        """The data set `name`; on a site without MNIST, drawn digits take its place and say so.

        Raises DataError, and OSError where the browser does not give the visitor's drawings.
        """
        if name == "mine":
            content = await self._drawings()
            if self._own is None or self._own.fingerprint != fingerprint(content or b""):
                self._own = open_own(content)
            return self._own
        if name not in self._open:
            self._open[name] = await self._load(name)
        return self._open[name]

    async def _load(self, name: str) -> RunData:
        if name == "strokes":
            return StrokeData()
        if name != "mnist":
            raise DataError(f"There is no data set called {name[:40]!r}.")
        entry = self._urls.get("mnist")
        if not entry:
            return StrokeData(f"{_DRAWN}, because this site was built without MNIST")
        folder, _, index = str(entry["index"]).rpartition("/")

        async def fetch(file: str) -> bytes:
            return await self._fetch(f"{folder}/{file}")

        return BlockData(await open_data(index, fetch, self._inflate), "MNIST")
