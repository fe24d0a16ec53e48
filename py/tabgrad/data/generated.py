"""Digits from the stroke generator as a data set: training data that needs no download.

Owns the size of an epoch and the digits that are held out; how digits are drawn is in `strokes`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from functools import partial

from tabgrad.alphabet import DIGITS

from .base import Samples, Source, check_indices, find_split, joined
from .strokes import CHUNK, Pool, StrokeSource, render_chunk

#: Digits that a run draws; later passes over them are distorted.
DIGITS_IN_POOL = 24 * CHUNK
#: Digits in an epoch, and in each of the two splits that are held out.
DIGITS_PER_EPOCH = 4 * DIGITS_IN_POOL
DIGITS_HELD_OUT = 2_000
#: Seeds of the held-out digits. They lie beyond the seeds that a visitor can choose: no run trains on these digits.
_HELD_OUT_SEEDS = {"validation": 2**31, "test": 2**31 + 1}


class GeneratedData:
    """Implements `base.RunData`. Training digits vary without end; the held-out ones are always the same."""

    alphabet, count, fingerprint = DIGITS, DIGITS_PER_EPOCH, ""

    def __init__(self, description: str = "") -> None:
        self.description = description
        self._held_out = dict[str, Samples]()
        self._sources = dict[str, StrokeSource]()

    def source(self, seed: int) -> Source:
        return Pool(seed, DIGITS_IN_POOL, partial(render_chunk, seed))

    async def split(self, name: str) -> Samples:
        seed = find_split(_HELD_OUT_SEEDS, name)
        if name not in self._held_out:
            source, parts = StrokeSource(seed), list[Samples]()
            while source.position < DIGITS_HELD_OUT:
                parts.append(await source.take(min(CHUNK, DIGITS_HELD_OUT - source.position)))
                await asyncio.sleep(0)  # drawing takes seconds, and a worker must answer in between
            self._held_out[name] = joined(parts)
        return self._held_out[name]

    async def samples(self, name: str, indices: Sequence[int]) -> Samples:
        """See `RunData`. Training digits are those of seed 0."""
        check_indices(indices, name, self.size(name))
        source = self._sources.setdefault(name, StrokeSource(_HELD_OUT_SEEDS.get(name, 0)))
        taken = list[Samples]()
        for i in indices:  # the source keeps its last chunk, so neighbouring indices cost little
            source.position = i
            taken.append(source.take_now(1))
        return joined(taken)

    def size(self, name: str) -> int:
        return DIGITS_HELD_OUT if name in _HELD_OUT_SEEDS else self.count
