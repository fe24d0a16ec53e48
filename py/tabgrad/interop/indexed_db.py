"""A database of the browser that is opened when it is needed, and opened again when the browser has closed it.

Browsers close databases whenever they like: Safari does when the page is in the background. What failed then is done
again on a new connection. https://www.w3.org/TR/IndexedDB/
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from typing import Any

import js
from pyodide.ffi import JsException

from .convert import first_event, js_function, or_none, release

#: The one table of each database.
STORE = "files"
#: A database that has not opened by then does not answer, and nobody waits for it any longer. Seconds.
#: https://bugs.webkit.org/show_bug.cgi?id=226547
OPENS_WITHIN_S = 15.0


class StorageError(OSError):
    """The browser stores nothing (private window, storage switched off), or another failure. One sentence."""


class StorageFullError(StorageError):
    """No space is left. One sentence."""


class NoDatabaseError(StorageError):
    """There is no such database, and it was not to be made."""


class Database:
    """The database `name`. `make` gets its new, empty table; without `make`, a database that is missing stays missing.

    Raises StorageError where the browser refuses.
    """

    def __init__(self, name: str, make: Callable[[Any], object] | None = None) -> None:
        self._name, self._make = name, make
        self._opening: asyncio.Future[Any] | None = None
        self._deadline = 0.0
        self._closed = js_function(lambda _event: self._forget(self._opening))

    async def transact(self, mode: str, begin: Callable[[Any], Any]) -> Any:
        """The result of the request that `begin` makes, once its transaction is complete. `begin` gets the table.

        A transaction that fails is done once more, on a new connection, unless the storage is full.
        """
        try:
            return await self._attempt(mode, begin)
        except (StorageFullError, NoDatabaseError):
            raise
        except StorageError:
            return await self._attempt(mode, begin)

    async def _attempt(self, mode: str, begin: Callable[[Any], Any]) -> Any:
        opening = self._opening = self._opening or self._begin_to_open()
        try:
            return await _transaction(await self._opened(opening), mode, begin)
        except StorageFullError:
            raise
        except StorageError:
            self._forget(opening)
            raise

    def _begin_to_open(self) -> asyncio.Future[Any]:
        self._deadline = asyncio.get_running_loop().time() + OPENS_WITHIN_S
        opening = asyncio.ensure_future(self._open())
        # A failure is raised where it is waited for. Without this, asyncio would log one that comes too late.
        opening.add_done_callback(lambda done: done.cancelled() or done.exception())
        return opening

    async def _opened(self, opening: asyncio.Future[Any]) -> Any:
        """The open database. Everyone waits for the same opening."""
        left_s = self._deadline - asyncio.get_running_loop().time()
        try:
            return await asyncio.wait_for(asyncio.shield(opening), max(0.0, left_s))
        except TimeoutError:
            raise StorageError("The browser's storage for this page does not answer.") from None

    async def _open(self) -> Any:
        try:
            request = js.indexedDB.open(self._name, 1)
        except (JsException, AttributeError) as error:
            raise storage_error(error) from error
        is_missing, making = False, None

        def make(_event: Any) -> None:
            nonlocal is_missing, making
            making = request.transaction
            if self._make is None:
                is_missing = True
                making.abort()
            else:
                self._make(request.result.createObjectStore(STORE))

        proxy = js_function(make)
        request.addEventListener("upgradeneeded", proxy)
        try:
            database = await _settled(request, "success", "error")
        except StorageError as error:
            if is_missing:
                raise NoDatabaseError(f"There is no database {self._name}.") from error
            if making is not None and (reason := or_none(making.error)):
                raise storage_error(reason) from error  # the request only says that it was aborted
            raise
        finally:
            request.removeEventListener("upgradeneeded", proxy)
            release(proxy)
        for event in ("close", "versionchange"):  # the browser has closed it, or somebody wants to delete it
            database.addEventListener(event, self._closed)
        return database

    def _forget(self, opening: asyncio.Future[Any] | None) -> None:
        """Close a connection, so that the next transaction opens another one. One that is still opening stays."""
        if opening is None or opening is not self._opening or not opening.done():
            return
        self._opening = None
        if opening.exception() is None:
            with contextlib.suppress(JsException):
                opening.result().close()


async def _transaction(database: Any, mode: str, begin: Callable[[Any], Any]) -> Any:
    try:
        transaction = database.transaction(STORE, mode)
        request = begin(transaction.objectStore(STORE))
    except (JsException, AttributeError) as error:
        raise storage_error(error) from error
    # A write is done only when its transaction is complete: the browser checks the quota at its end.
    done = asyncio.ensure_future(_settled(transaction, "complete", "abort"))
    try:
        result = await _settled(request, "success", "error")
    except StorageError:
        await done  # of a full storage only the transaction knows; its requests are just aborted
        raise
    await done
    return result


def storage_error(error: Any) -> StorageError:
    """The sentence for an error of the browser."""
    name = str(getattr(error, "name", "") or error or "it gives no reason")
    if "Quota" in f"{name} {error}":  # of one that is thrown at once, Pyodide gives the name only in its text
        return StorageFullError("The browser's storage for this page is full.")
    return StorageError(f"The browser does not let this page store anything ({name}).")


async def _settled(target: Any, good: str, *bad: str) -> Any:
    """Wait for an event of a request or transaction. Returns its `result` after `good`; raises after `bad`."""
    if await first_event(target, good, *bad) != good:
        raise storage_error(or_none(getattr(target, "error", None)))
    return getattr(target, "result", None)
