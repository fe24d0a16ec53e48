"""Keeps bytes in this browser between visits: a key-value store in IndexedDB, the same in the page and in the worker.

It reports what failed in one sentence and decides nothing. Other origins cannot read the store. When space is short the
browser may delete it, unless it granted `ask_to_persist`. https://www.w3.org/TR/IndexedDB/
"""

from __future__ import annotations

import asyncio
from typing import Any

import js
from pyodide.ffi import JsException

from .convert import first_event, js_function, or_none, release, to_js

DATABASE = "tabgrad"
STORE = "files"


class StorageError(OSError):
    """The browser stores nothing (private window, storage switched off), or another failure. One sentence."""


class StorageFullError(StorageError):
    """No space is left. One sentence."""


def _sentence(error: Any) -> StorageError:
    name = str(getattr(error, "name", "") or error)
    if "Quota" in name:
        return StorageFullError("The browser's storage for this page is full.")
    return StorageError(f"The browser does not let this page store anything ({name}).")


async def _settled(target: Any, good: str, *bad: str) -> Any:
    """Wait for an event of a request or transaction. Returns its `result` after `good`; raises after `bad`."""
    if await first_event(target, good, *bad) != good:
        raise _sentence(or_none(getattr(target, "error", None)))
    return getattr(target, "result", None)


class BrowserStorage:
    """The store of this origin. Open with `open_storage`."""

    def __init__(self, database: Any) -> None:
        self._database = database

    async def get(self, key: str) -> bytes | None:
        """The bytes under `key`, or None. Raises StorageError."""
        found = or_none(await self._request("readonly", "get", key))
        return None if found is None else bytes(found.to_bytes())

    async def put(self, key: str, value: bytes) -> None:
        """Keep `value` under `key`. Raises StorageFullError or StorageError; then the old value stays."""
        await self._request("readwrite", "put", to_js(value), key)

    async def delete(self, key: str) -> None:
        """Delete `key`. Raises StorageError."""
        await self._request("readwrite", "delete", key)

    async def _request(self, mode: str, method: str, *arguments: Any) -> Any:
        try:
            transaction = self._database.transaction(STORE, mode)
            request = getattr(transaction.objectStore(STORE), method)(*arguments)
        except JsException as error:
            raise _sentence(error) from error
        # A write is done only when its transaction is complete: the browser checks the quota at its end.
        done = asyncio.ensure_future(_settled(transaction, "complete", "abort", "error"))
        try:
            result = await _settled(request, "success", "error")
        finally:
            await asyncio.wait([done])
        done.result()
        return result


async def open_storage() -> BrowserStorage:
    """Open the store; the first visit creates it. Raises StorageError if the browser stores nothing."""
    try:
        request = js.indexedDB.open(DATABASE, 1)
    except (JsException, AttributeError) as error:
        raise _sentence(error) from error

    def make(_event: Any) -> None:
        request.result.createObjectStore(STORE)

    proxy = js_function(make)
    request.addEventListener("upgradeneeded", proxy)
    try:
        return BrowserStorage(await _settled(request, "success", "error", "blocked"))
    finally:
        request.removeEventListener("upgradeneeded", proxy)
        release(proxy)


async def ask_to_persist() -> bool:
    """Ask the browser not to delete the store when space is short; True if it agrees."""
    try:
        return bool(await js.navigator.storage.persist())
    except (JsException, AttributeError):
        return False
