"""Keeps bytes in this browser between visits: a key-value store in IndexedDB, the same in the page and in the worker.

It reports what failed in one sentence and decides nothing. Each folder of a host has a store of its own. When space is
short the browser may delete it, unless it granted `ask_to_persist`.

Earlier versions had one store for all folders, `tabgrad`. What it has is copied once, by each folder that finds it, and
it stays for the others. Until the copy is complete (there may be no room for it), keys are also looked up there.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from functools import cache
from operator import methodcaller
from typing import Any

import js
from pyodide.ffi import JsException

from .convert import js_function, or_none, release, to_js
from .folder import folder
from .indexed_db import Database, NoDatabaseError, StorageError, StorageFullError

__all__ = [
    "BrowserStorage",
    "StorageError",
    "StorageFullError",
    "ask_to_persist",
    "has_shared",
    "is_persisted",
    "open_storage",
]

#: The store that all folders of a host shared.
SHARED = "tabgrad"
#: In a new store until the shared one is copied.
TO_COPY = "shared store is not copied yet"
#: Not copied but deleted: compiled programs, which can be made again.
MADE_AGAIN = "program/"
#: In the place of a value that was deleted, as long as the shared store still has it.
DELETED = b""


class BrowserStorage:
    """The store of this folder: a `storage.ByteStore`. Get it from `open_storage`.

    Every method raises StorageError if the browser stores nothing, and StorageFullError if it has no room.
    """

    def __init__(self) -> None:
        self._own = Database(f"{SHARED}:{folder()}", _mark)
        self._shared = Database(SHARED)
        self._copying = asyncio.Lock()
        #: Whether all that the shared store had is in this one; None as long as that is not known.
        self._is_whole: bool | None = None

    async def open(self) -> None:
        """Copy the shared store, unless that was done or tried before."""
        async with self._copying:
            if self._is_whole is None:
                self._is_whole = await self._copy_shared()

    async def get(self, key: str) -> bytes | None:
        """The bytes under `key`, or None."""
        await self.open()
        failed: StorageError | None = None
        try:
            found = await self._read(self._own, key)
        except StorageError as error:
            failed, found = error, None
        if found is None and not self._is_whole:
            found = await self._read(self._shared, key)
        if found is None and failed is not None and not isinstance(failed, StorageFullError):
            raise failed
        return found or None  # StorageFullError: there is not even room for an empty store

    async def put(self, key: str, value: bytes) -> None:
        """Keep `value` under `key`. If that fails, the old value stays."""
        content = to_js(value)
        await self._own.transact("readwrite", lambda table: table.put(content, key))

    async def delete(self, key: str) -> None:
        """Delete `key`."""
        await self.open()
        if self._is_whole:
            await self._own.transact("readwrite", lambda table: table.delete(key))
        else:
            await self.put(key, DELETED)

    async def sizes(self) -> dict[str, int]:
        """All keys, with how many bytes each of them has."""
        await self.open()
        found = ({} if self._is_whole else await _sizes(self._shared)) | await _sizes(self._own)
        return {key: size for key, size in found.items() if size and key != TO_COPY}

    async def keys(self, prefix: str) -> list[str]:
        """The keys that begin with `prefix`."""
        keys = await self._own.transact("readonly", lambda table: table.getAllKeys())
        return [key for key in map(str, keys) if key.startswith(prefix)]

    async def clear(self) -> None:
        """Delete everything, also what an earlier version has left for all folders of this host."""
        await self._own.transact("readwrite", lambda table: table.clear())
        self._is_whole = True
        with suppress(NoDatabaseError):
            await self._shared.transact("readwrite", lambda table: table.clear())

    async def has_shared(self) -> bool:
        """Whether an earlier version has left something for all folders of this host."""
        try:
            return bool(await self._shared.transact("readonly", lambda table: table.count()))
        except StorageError:
            return False

    async def _copy_shared(self) -> bool | None:
        """Whether this store has all that the shared one had; None if this one cannot be read."""
        try:
            if await self._read(self._own, TO_COPY) is None:
                return True
        except StorageError:
            return None
        try:
            cached = js.IDBKeyRange.bound(MADE_AGAIN, f"{MADE_AGAIN}\uffff")
            await self._shared.transact("readwrite", lambda table: table.delete(cached))  # makes room
            await self._add_missing(await _contents(self._shared))
        except NoDatabaseError:
            await self._add_missing({})
        except StorageError:
            return False
        return True

    async def _add_missing(self, found: Mapping[str, Any]) -> None:
        """Copy what is not here, all of it or nothing, unless another tab has done so."""
        table: Any = None

        def copy(event: Any) -> None:
            here = {str(key) for key in event.target.result}
            if TO_COPY in here:
                for key, value in found.items():
                    if key not in here:
                        table.put(value, key)
                table.delete(TO_COPY)

        def begin(own: Any) -> Any:
            nonlocal table
            table = own
            request = own.getAllKeys()
            request.addEventListener("success", proxy)
            return request

        proxy = js_function(copy)
        try:
            await self._own.transact("readwrite", begin)
        finally:
            release(proxy)

    @staticmethod
    async def _read(database: Database, key: str) -> bytes | None:
        try:
            found = or_none(await database.transact("readonly", lambda table: table.get(key)))
        except NoDatabaseError:
            return None
        return None if found is None else bytes(found.to_bytes())


def _mark(table: Any) -> None:
    """A new store waits for a copy of the shared one."""
    table.put(to_js(b"1"), TO_COPY)


async def _contents(database: Database) -> dict[str, Any]:
    """All values of a database, as Uint8Arrays."""
    both: list[Any] = []

    def begin(table: Any) -> Any:
        both[:] = table.getAllKeys(), table.getAll()
        return both[1]

    try:
        await database.transact("readonly", begin)
    except NoDatabaseError:
        return {}
    keys, values = (request.result for request in both)
    return dict(zip(map(str, keys), values, strict=True))


async def _sizes(database: Database) -> dict[str, int]:
    """How many bytes each value of a database has. They are looked at one by one: together they can be large."""
    found = dict[str, int]()
    try:
        for key in map(str, await database.transact("readonly", lambda table: table.getAllKeys())):
            value = or_none(await database.transact("readonly", methodcaller("get", key)))
            found[key] = int(getattr(value, "length", 0) or 0)
    except NoDatabaseError:
        return {}
    return found


@cache
def _storage() -> BrowserStorage:
    return BrowserStorage()


async def open_storage() -> BrowserStorage:
    """The store of this folder, the same for all who ask."""
    return _storage()


async def has_shared() -> bool:
    """Whether an earlier version has left something for all folders of this host."""
    return await _storage().has_shared()


async def ask_to_persist() -> bool:
    """Ask the browser not to delete the store when space is short; True if it agrees."""
    try:
        return bool(await js.navigator.storage.persist())
    except (JsException, AttributeError):
        return False


async def is_persisted() -> bool:
    """Whether the browser has promised not to delete the store when space is short."""
    try:
        return bool(await js.navigator.storage.persisted())
    except (JsException, AttributeError):
        return False
