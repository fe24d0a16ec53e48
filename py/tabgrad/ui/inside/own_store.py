"""The visitor's labelled drawings, kept in the browser. What cannot be kept stays until the tab closes, and says so."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

from tabgrad.data import drawings as files
from tabgrad.data.drawings import Drawing
from tabgrad.protocol import DRAWINGS_KEY

from ..prediction import PAD_UNITS


class Storage(Protocol):
    """Bytes by key between visits; OSError with one sentence where that fails."""

    async def get(self, key: str) -> bytes | None:
        """What is under `key`, or None."""

    async def put(self, key: str, value: bytes) -> None:
        """Keep `value`."""


class OwnDrawings:
    """`drawings` in the order they were made. Every change is kept at once."""

    def __init__(self, open_storage: Callable[[], Awaitable[Storage]]) -> None:
        self._open = open_storage
        self._storage: Storage | None = None
        self.drawings: list[Drawing] = []

    async def load(self) -> str:
        """Read what an earlier visit left; a sentence if that did not work, else an empty text."""
        try:
            self._storage = self._storage or await self._open()
            found = await self._storage.get(DRAWINGS_KEY)
            if found:
                self.drawings = files.loads(found)
        except (OSError, files.DrawingsError) as error:
            return f"{error} New drawings can be made; export them before you leave."
        return ""

    async def change(self, drawings: Sequence[Drawing]) -> str:
        """Replace all drawings; a sentence if they cannot be kept, else an empty text."""
        self.drawings = list(drawings)
        try:
            self._storage = self._storage or await self._open()
            await self._storage.put(DRAWINGS_KEY, self.dumps())
        except OSError as error:
            return f"{error} Your drawings stay until this tab closes: export them to keep them."
        return ""

    def dumps(self) -> bytes:
        """All drawings as a file."""
        return files.dumps(self.drawings, PAD_UNITS).encode()
