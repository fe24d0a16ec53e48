"""The visitor's labelled drawings, in the browser's storage. Without storage they stay until the tab closes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from tabgrad.data import drawings as files
from tabgrad.data.drawings import Drawing
from tabgrad.storage import ByteStore, OpenStore, keys

from ...prediction import PAD_UNITS


class DrawingsStore:
    """`drawings` in the order in which they were made, in this tab or another. Every change is stored at once.

    `persist` asks the browser to keep what it stores; it is called once, after the first drawing is stored.
    Methods that return a text return one sentence if something went wrong, else an empty text.
    """

    def __init__(self, open_store: OpenStore, persist: Callable[[], object] = lambda: None) -> None:
        self._open, self._persist = open_store, persist
        self._asked = False  # to persist
        self._store: ByteStore | None = None
        self._lock = asyncio.Lock()
        self._stored = b""  # the file as this tab last read or wrote it
        self._unstored = False  # there are drawings that could not be stored
        self.drawings: list[Drawing] = []

    async def load(self) -> str:
        async with self._lock:
            return await self._read()

    async def _read(self) -> str:
        try:
            self._store = self._store or await self._open()
            found = await self._store.get(keys.DRAWINGS)
            if found and found != self._stored:
                self.drawings, self._stored = files.loads(found), found
        except (OSError, files.DrawingsError) as error:
            return f"{error} You can still make new drawings; export them before you leave."
        return ""

    async def add(self, drawings: Sequence[Drawing]) -> str:
        """Append drawings, also to those that another tab has stored meanwhile. DrawingsError if there is no room."""
        async with self._lock:
            await self._catch_up()
            if len(self.drawings) + len(drawings) > files.MAX_DRAWINGS:
                raise files.DrawingsError(
                    f"At most {files.MAX_DRAWINGS:,} drawings can be kept, so nothing was added: remove some first."
                )
            failed = await self._write([*self.drawings, *drawings])
        if not failed and not self._asked:
            self._asked = True
            self._persist()
        return failed

    async def remove_last(self) -> str:
        async with self._lock:
            await self._catch_up()
            return await self._write(self.drawings[:-1])

    async def _catch_up(self) -> None:
        """Read what another tab may have stored meanwhile. Errors were already reported by `load`."""
        if not self._unstored:
            await self._read()

    async def _write(self, drawings: list[Drawing]) -> str:
        self.drawings = drawings
        content = self.dumps()
        try:
            self._store = self._store or await self._open()
            await self._store.put(keys.DRAWINGS, content)
        except OSError as error:
            self._unstored = True
            return f"{error} Your drawings stay until this tab closes; export them to keep them."
        self._stored, self._unstored = content, False
        return ""

    def dumps(self) -> bytes:
        """All drawings as a file of `tabgrad.data.drawings`."""
        return files.dumps(self.drawings, PAD_UNITS).encode()
