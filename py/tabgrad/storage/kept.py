"""What the visitor makes, kept whatever the browser does: what it cannot store now waits in memory until it can."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from . import keys
from .store import ByteStore, OpenStore

#: Makes the new bytes under a key from those that are stored; None where nothing is.
Change = Callable[[bytes | None], bytes | None]
#: How many things that cannot be read are put aside for each key.
MAX_PUT_ASIDE = 5


@dataclass
class _Waiting:
    """`value` is what this tab sees, None for a deleted key. `changes` are made to what is stored by then, or `value`
    takes its place if there are none. What is stored and not `is_readable` is put aside before.
    """

    value: bytes | None
    changes: list[Change] = field(default_factory=list)
    is_readable: Callable[[bytes], bool] = lambda _: True


class KeptStore:
    """A store whose writes never fail. What cannot be stored waits, and is read from memory meanwhile.

    Whenever something could be stored, all that waits is tried again. After every write `version` goes up, and
    `watchers` are called.
    """

    def __init__(self, open_store: OpenStore) -> None:
        self._open = open_store
        self._store: ByteStore | None = None
        self._lock = asyncio.Lock()
        self._waiting: dict[str, _Waiting] = {}
        self._reason = ""
        self.watchers: list[Callable[[], object]] = []
        self.version = 0

    def why_waiting(self, prefix: str) -> str:
        """Why a value under a key that begins with `prefix` waits, in one sentence; empty if none does."""
        waits = any(key.startswith(prefix) and one.value is not None for key, one in self._waiting.items())
        return self._reason if waits else ""

    async def get(self, key: str) -> bytes | None:
        """The bytes under `key`, or None. Raises OSError with one sentence if the store cannot be read."""
        async with self._lock:
            if key in self._waiting:
                return self._waiting[key].value
            return await (await self._ready()).get(key)

    async def put(self, key: str, value: bytes) -> str:
        """Keep `value`. Empty if it is stored; if it waits, one sentence that says why."""
        return (await self._write(key, lambda _: _Waiting(value)))[1]

    async def delete(self, key: str) -> None:
        """Forget `key`."""
        await self._write(key, lambda _: _Waiting(None))

    async def change(
        self,
        key: str,
        change: Change,
        known: bytes | None = None,
        is_readable: Callable[[bytes], bool] = lambda _: True,
    ) -> tuple[bytes | None, str]:
        """Change what is under `key`, in this tab or another: the new value, and what `put` returns.

        If it cannot be read now, it is changed when it can; meanwhile `known` counts as what is stored. What is stored
        and not `is_readable`, as it is damaged or a newer version's, is put aside first, or the change waits.
        """

        def changed(waiting: _Waiting | None) -> _Waiting:
            if waiting is None:
                return _Waiting(change(known), [change], is_readable)
            return _Waiting(change(waiting.value), [*waiting.changes, change] if waiting.changes else [], is_readable)

        return await self._write(key, changed)

    async def try_put(self, key: str, value: bytes) -> str:
        """As `put`, but a value that cannot be stored does not wait: what was there before stays."""
        async with self._lock:
            try:
                await (await self._ready()).put(key, value)
            except OSError as error:
                return str(error)
            self._waiting.pop(key, None)
            await self._store_all()
        self._tell()
        return ""

    async def retry(self) -> None:
        """Try to store what waits."""
        if self._waiting:
            async with self._lock:
                await self._store_all()
            self._tell()

    async def keys(self, prefix: str) -> list[str]:
        """The keys that begin with `prefix`, also of what waits. Raises OSError if the store cannot be read."""
        async with self._lock:
            found = dict.fromkeys(await (await self._ready()).keys(prefix))
            for key, waiting in self._waiting.items():
                if waiting.value is None:
                    found.pop(key, None)
                elif key.startswith(prefix):
                    found[key] = None
            return list(found)

    async def sizes(self) -> dict[str, int]:
        """All keys, with how many bytes each has in the store. Raises OSError."""
        async with self._lock:
            return await (await self._ready()).sizes()

    async def clear(self) -> None:
        """Forget everything, also what waits. Raises OSError if the store cannot be cleared."""
        async with self._lock:
            await (await self._ready()).clear()
            self._waiting.clear()
        self._tell()

    async def _ready(self) -> ByteStore:
        if self._store is None:
            self._store = await self._open()
        return self._store

    async def _write(self, key: str, wait: Callable[[_Waiting | None], _Waiting]) -> tuple[bytes | None, str]:
        """Write what `wait` makes of that which waits under `key` already."""
        async with self._lock:
            self._waiting[key] = wait(self._waiting.get(key))
            value, failed = await self._store_one(key)
            if not failed:
                await self._store_all()
        self._tell()
        return value, failed

    async def _store_all(self) -> None:
        for key in list(self._waiting):
            await self._store_one(key)

    async def _store_one(self, key: str) -> tuple[bytes | None, str]:
        """Store what waits under `key`: its value, and why that failed, or an empty text."""
        waiting = self._waiting[key]
        value = waiting.value
        try:
            store = await self._ready()
            if waiting.changes:
                value = await store.get(key)
                if value is not None and not waiting.is_readable(value):
                    await _put_aside(store, key, value)
                for change in waiting.changes:
                    value = change(value)
            if value is None:
                await store.delete(key)
            else:
                await store.put(key, value)
        except OSError as error:
            self._reason = str(error)
            return waiting.value, self._reason
        del self._waiting[key]
        return value, ""

    def _tell(self) -> None:
        self.version += 1
        for watcher in list(self.watchers):
            watcher()


async def _put_aside(store: ByteStore, key: str, value: bytes) -> None:
    """Keep a value that cannot be read beside its key, once. Raises OSError if there is no room."""
    for number in range(1, MAX_PUT_ASIDE + 1):
        aside = keys.put_aside(key, number)
        there = await store.get(aside)
        if there is None:
            await store.put(aside, value)
        if there is None or there == value:
            return
    raise OSError(f"{MAX_PUT_ASIDE} things that cannot be read are stored already: erase what is stored here.")
