"""Data sets on their way into the browser's storage: block by block, the head last, so that no set is half there.

Owns the order of writes, and what is done when storage refuses. The form of head and blocks is `data.sets`'.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Protocol

from tabgrad.data import DataError, Samples
from tabgrad.data.index import SPLITS, SplitName
from tabgrad.data.sets import SetHead, blocks_of, encode_block, hash_block
from tabgrad.storage import ByteStore, OpenStore, keys

BUSY = "Another tab is storing a data set: wait until it is done, then try again."
#: Gets how many blocks of how many are stored. It lets the worker do something else, and raises to give up.
Tell = Callable[[int, int], Awaitable[None]]
#: Below the key of a head.
_BLOCK = re.compile(rf"(?:{'|'.join(SPLITS)})-\d+")


class Lock(Protocol):
    """Held by the one tab that stores a set: `interop.tab_lock.TabLock`."""

    async def take(self) -> bool:
        """Whether this tab has the lock from now on."""

    def give_back(self) -> None:
        """Let another tab have it. Idempotent."""


class Shelf:
    """Stores sets through `open_store`, one at a time: no tab may take for waste what another has half stored."""

    def __init__(self, open_store: OpenStore, lock: Lock) -> None:
        self._open, self._lock = open_store, lock
        self._one_at_a_time = asyncio.Lock()

    async def keep(self, head: SetHead, samples: Mapping[SplitName, Samples], tell: Tell) -> SetHead:
        """Store a set of images; returns its head with the hashes of its blocks.

        Raises OSError if storage refuses, and DataError if another tab is storing; then nothing of it is left.
        """
        async with self._one_at_a_time:
            if not await self._lock.take():
                raise DataError(BUSY)
            try:
                return await self._write(await self._open(), head, samples, tell)
            finally:
                self._lock.give_back()

    async def _write(
        self, store: ByteStore, head: SetHead, samples: Mapping[SplitName, Samples], tell: Tell
    ) -> SetHead:
        written = list[str]()
        was_there = await store.get(keys.set_head(head.id)) is not None
        total = sum(len(list(blocks_of(head.size(split)))) for split in SPLITS)
        hashes = dict[str, tuple[str, ...]]()
        try:
            for split in SPLITS:
                images, labels = samples[split]
                for k, rows in enumerate(blocks_of(len(labels))):
                    content = encode_block(Samples(images[rows], labels[rows]))
                    await store.put(keys.set_block(head.id, split, k), content)
                    written.append(keys.set_block(head.id, split, k))
                    hashes[split] = (*hashes.get(split, ()), hash_block(content))
                    await tell(len(written), total)
            whole = replace(head, hashes=hashes)
            await store.put(keys.set_head(head.id), whole.dumps())
        except BaseException:
            if not was_there:  # else the blocks are that set's, too: an id stands for contents
                await _delete(store, written)
            raise
        return whole

    async def drop_halves(self) -> None:
        """Delete blocks that belong to no set: a tab was closed before it wrote the head. Best effort."""
        async with self._one_at_a_time:
            with suppress(OSError):
                if await self._lock.take():
                    try:
                        store = await self._open()
                        await _delete(store, halves(await store.keys(keys.SETS_PREFIX)))
                    finally:
                        self._lock.give_back()


def halves(found: list[str]) -> list[str]:
    """The keys of blocks whose set has no head. Drawings without a head stay: they are an alphabet in the making."""
    there = set(found)
    blocks = [key for key in found if _BLOCK.fullmatch(key.removeprefix(f"{keys.set_head(keys.set_of(key))}/"))]
    return [key for key in blocks if keys.set_head(keys.set_of(key)) not in there]


async def _delete(store: ByteStore, unwanted: list[str]) -> None:
    for key in unwanted:
        with suppress(OSError):
            await store.delete(key)
