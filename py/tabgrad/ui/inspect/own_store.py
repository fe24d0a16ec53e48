"""The visitor's labelled drawings, kept in the browser. What cannot be kept stays until the tab closes, and says so."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

from tabgrad.data import drawings as files
from tabgrad.data.drawings import Drawing
from tabgrad.storage import keys

from ..prediction import PAD_UNITS


class Storage(Protocol):
    """Bytes by key between visits; OSError with one sentence where that fails."""

    async def get(self, key: str) -> bytes | None:
        """What is under `key`, or None."""

    async def put(self, key: str, value: bytes) -> None:
        """Keep `value`."""


class OwnDrawings:
    """`drawings` in the order they were made, in whichever tab. Every change is kept at once."""

    def __init__(self, open_storage: Callable[[], Awaitable[Storage]]) -> None:
        self._open = open_storage
        self._storage: Storage | None = None
        self._turn = asyncio.Lock()
        self._kept = b""  # the file as it was last read or written here
        self._unkept = False  # there are drawings that could not be kept
        self.drawings: list[Drawing] = []

    async def load(self) -> str:
        """Read what an earlier visit left; a sentence if that did not work, else an empty text."""
        async with self._turn:
            return await self._read()

    async def _read(self) -> str:
        try:
            self._storage = self._storage or await self._open()
            found = await self._storage.get(keys.DRAWINGS)
            if found and found != self._kept:
                self.drawings, self._kept = files.loads(found), found
        except (OSError, files.DrawingsError) as error:
            return f"{error} New drawings can be made; export them before you leave."
        return ""

    async def add(self, drawings: Sequence[Drawing]) -> str:
        """Append drawings; a sentence if they cannot be kept, else an empty text. DrawingsError if they are too many.

        What another tab has kept since the last look is not written over.
        """
        async with self._turn:
            await self._catch_up()
            if len(self.drawings) + len(drawings) > files.MAX_DRAWINGS:
                raise files.DrawingsError(f"At most {files.MAX_DRAWINGS:,} drawings can be kept; nothing was added.")
            return await self._write([*self.drawings, *drawings])

    async def remove_last(self) -> str:
        """Forget the last drawing; a sentence if that cannot be kept, else an empty text."""
        async with self._turn:
            await self._catch_up()
            return await self._write(self.drawings[:-1])

    async def _catch_up(self) -> None:
        """Another tab may have kept drawings meanwhile. What is wrong with the file was said when it was first read."""
        if not self._unkept:
            await self._read()

    async def _write(self, drawings: list[Drawing]) -> str:
        self.drawings, content = drawings, files.dumps(drawings, PAD_UNITS).encode()
        try:
            self._storage = self._storage or await self._open()
            await self._storage.put(keys.DRAWINGS, content)
        except OSError as error:
            self._unkept = True
            return f"{error} Your drawings stay until this tab closes: export them to keep them."
        self._kept, self._unkept = content, False
        return ""

    def dumps(self) -> bytes:
        """All drawings as a file."""
        return files.dumps(self.drawings, PAD_UNITS).encode()
