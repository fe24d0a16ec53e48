"""The visitor's edited copies of examples and of code from links: their form in the storage, and how they are kept.

A tab that finds its copy changed by another tab keeps its own beside it, so that neither is lost.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, replace
from typing import get_type_hints

from tabgrad.incoming import fits, read_json
from tabgrad.storage import KeptStore, keys

#: In the place of an example's name: the copy is of code that came with a link.
LINK = "link"


@dataclass(frozen=True, slots=True)
class Copy:
    """An edited source. `base` is the name of its example, or `LINK`; then `original` is what the link had.

    `title` is what the visitor's text is called, empty if it is its example with changes.

    With `unread`, it came with a link, and nobody has said yet that it may run. `version` goes up with every change.
    """

    id: str
    base: str
    source: str
    original: str = ""
    unread: bool = False
    version: int = 0
    saved_s: float = 0.0
    title: str = ""


def loads(content: bytes | None) -> list[Copy]:
    """The copies in stored bytes, the newest first. What is no copy is left out: the storage may hold anything."""
    try:
        rows = read_json(content or b"[]")
    except ValueError:
        return []
    found = [_copy(row) for row in (rows if isinstance(rows, list) else [])]
    return sorted(filter(None, found), key=lambda copy: -copy.saved_s)


def _copy(row: object) -> Copy | None:
    """A stored row as a copy. Another version of the page may have stored more or less of it."""
    if not isinstance(row, dict) or not row.keys() >= {"id", "base", "source"}:
        return None
    hints = get_type_hints(Copy)
    known = {name: row[name] for name in hints if name in row}
    return Copy(**known) if all(fits(value, hints[name]) for name, value in known.items()) else None


def dumps(copies: Iterable[Copy]) -> bytes:
    """Copies as bytes for `loads`."""
    return json.dumps([asdict(copy) for copy in copies]).encode()


def new_id() -> str:
    """Another one for each copy, also in tabs that ask at the same moment."""
    return f"{time.time_ns() // 1_000_000:x}{os.urandom(3).hex()}"


class Copies:
    """The copies in `kept`; `rows` is what is known of them, the newest first."""

    def __init__(self, kept: KeptStore, now_s: Callable[[], float] = time.time) -> None:
        self._kept, self._now_s = kept, now_s
        self.rows: list[Copy] = []

    @property
    def why_waiting(self) -> str:
        """Why they are not stored, in one sentence; empty if they are."""
        return self._kept.why_waiting(keys.CODE)

    async def load(self) -> None:
        """Look at what is stored. Raises OSError with one sentence if the store cannot be read."""
        self.rows = loads(await self._kept.get(keys.CODE))

    async def save(self, copy: Copy) -> Copy:
        """Keep a changed copy; returns it as it is kept, with another id if another tab has changed it."""
        mine = replace(copy, version=copy.version + 1, saved_s=self._now_s())
        beside = replace(mine, id=new_id(), version=1)

        def change(content: bytes | None) -> bytes:
            rows = loads(content)
            there = next((row for row in rows if row.id == copy.id), None)
            if there is None or there.version == copy.version:
                return dumps([mine, *(row for row in rows if row.id != copy.id)])
            return dumps([beside, *rows])

        content, _ = await self._kept.change(keys.CODE, change, dumps(self.rows))
        self.rows = loads(content)
        return next((row for row in self.rows if row.id == beside.id), mine)

    async def remove(self, copy: Copy) -> None:
        """Forget a copy, unless another tab has changed it."""

        def change(content: bytes | None) -> bytes:
            return dumps(row for row in loads(content) if (row.id, row.version) != (copy.id, copy.version))

        content, _ = await self._kept.change(keys.CODE, change, dumps(self.rows))
        self.rows = loads(content)
