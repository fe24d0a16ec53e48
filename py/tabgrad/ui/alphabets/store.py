"""The visitor's alphabets in the browser's storage. What it does not take stays in memory until the tab closes.

Owns the list of alphabets, and the one that is open. Decides nothing.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable
from dataclasses import dataclass

from tabgrad.data import DataError
from tabgrad.data.drawings import Drawing, DrawingsError, DrawingSet, drawing_text, dump_set, read_set
from tabgrad.data.drawn import head_of
from tabgrad.data.sets import load_head
from tabgrad.storage import KeptStore, keys

from ..prediction import PAD_UNITS
from .edits import Edit, merged

UNREADABLE = (
    "This alphabet cannot be read: it is damaged, or from a newer version of the page. It stays stored until you "
    "remove it, and you can export it."
)
#: What an alphabet that cannot be read is called.
DAMAGED = "Damaged alphabet"


@dataclass(frozen=True, slots=True)
class Listed:
    """An alphabet in the list: its `id`, its name, and how many classes and drawings it has."""

    id: str
    name: str
    classes: int = 0
    drawings: int = 0
    damaged: bool = False


class AlphabetStore:
    """`listed` are all alphabets by name. `found` is the one that is open, `open_id`; None if none is.

    `persist` asks the browser to keep what it stores; it is called once, after the first drawing is stored. Methods
    that return a text return one sentence if something went wrong, else an empty text.
    """

    def __init__(self, kept: KeptStore, persist: Callable[[], object] = lambda: None) -> None:
        self._kept, self._persist = kept, persist
        self._asked = False  # to persist
        self._lock = asyncio.Lock()
        self._stored = b""  # the file of the open alphabet, as this tab last read or wrote it
        self._texts: dict[Drawing, str] = {}
        self._listed: dict[str, Listed] = {}
        self.found: DrawingSet | None = None
        self.open_id = ""

    @property
    def listed(self) -> list[Listed]:
        """All alphabets, by name."""
        return sorted(self._listed.values(), key=lambda one: (one.damaged, one.name.casefold(), one.id))

    @property
    def fault(self) -> str:
        """Why an alphabet is only here until the tab closes; empty if all are stored."""
        reason = self._kept.why_waiting(keys.SETS_PREFIX)
        return f"{reason} Your drawings stay until this tab closes; export them to keep them." if reason else ""

    async def load(self) -> str:
        """Read the list, with the alphabets of other tabs."""
        async with self._lock:
            try:
                found = await self._kept.keys(keys.SETS_PREFIX)
            except OSError as error:
                return f"{error} You can draw an alphabet all the same; export it before you leave."
            ids = dict.fromkeys(map(keys.set_of, found))
            drawn = [set_id for set_id in ids if keys.set_drawings(set_id) in found]
            self._listed = {set_id: await self._look_at(set_id) for set_id in drawn}
            return ""

    async def _look_at(self, set_id: str) -> Listed:
        """What the list says of an alphabet: its head is quick to read. One that is not complete has none."""
        if set_id == self.open_id and self.found is not None:
            return _entry(set_id, self.found)
        head = await self._get(keys.set_head(set_id))
        try:
            known = load_head(head)
            return Listed(set_id, known.name, len(known.labels), known.samples)
        except DataError:
            pass
        try:
            found = read_set(await self._get(keys.set_drawings(set_id)))
        except DrawingsError:
            return Listed(set_id, DAMAGED, damaged=True)
        if head:  # a damaged one
            await self._keep_head(set_id, found)
        return _entry(set_id, found)

    async def _get(self, key: str) -> bytes:
        try:
            return await self._kept.get(key) or b""
        except OSError:
            return b""

    async def open(self, set_id: str) -> str:
        """Open an alphabet. A sentence if it cannot be read: then none is open."""
        async with self._lock:
            self._close()
            content = await self._get(keys.set_drawings(set_id))
            try:
                self.found = read_set(content)
            except DrawingsError:
                return UNREADABLE
            self.open_id, self._stored = set_id, content
            self._listed[set_id] = _entry(set_id, self.found)
            return ""

    def close(self) -> None:
        """No alphabet is open any more."""
        self._close()

    def _close(self) -> None:
        self.found, self.open_id, self._stored, self._texts = None, "", b"", {}

    async def create(self, made: DrawingSet) -> str:
        """Keep a new alphabet, and open it."""
        async with self._lock:
            self._close()
            self.found, self.open_id = made, f"set-{secrets.token_hex(8)}"
            return await self._write(made, made)

    async def change(self, edit: Edit) -> tuple[DrawingSet, DrawingSet]:
        """Change the open alphabet, here and in the storage, where another tab may have changed it, too.

        Returns what was there before, and what `edit` made of it. Raises what `edit` raises: then nothing has changed.
        LookupError if none is open.
        """
        async with self._lock:
            before = self.found
            if before is None:
                raise LookupError("No alphabet is open.")
            mine = edit(before)
            await self._write(before, mine)
            return before, mine

    async def _write(self, before: DrawingSet, mine: DrawingSet) -> str:
        """Make `mine` of the open alphabet, which is `before`, and store it; its head comes last."""
        set_id, stored = self.open_id, self._stored
        written = self._dumps(mine)

        def changed(content: bytes | None) -> bytes:
            """What another tab has stored by then stays. One that it has removed is there again."""
            theirs = None if (content or b"") == stored else _readable(content)
            return written if theirs is None else self._dumps(merged(before, mine, theirs))

        def is_readable(content: bytes) -> bool:
            return content == stored or _readable(content) is not None

        key = keys.set_drawings(set_id)
        content, failed = await self._kept.change(key, changed, stored, is_readable)
        self._stored = content or b""
        self.found = mine if content == written else _readable(content) or mine
        self._listed[set_id] = _entry(set_id, self.found)
        await self._keep_head(set_id, self.found)
        if not failed and not self._asked and self.found.drawings:
            self._asked = True
            self._persist()
        return failed

    async def _keep_head(self, set_id: str, found: DrawingSet) -> None:
        """A set that is not complete has none."""
        if len(found.labels) > 1:
            await self._kept.put(keys.set_head(set_id), head_of(set_id, found).dumps())
        else:
            await self._kept.delete(keys.set_head(set_id))

    async def remove(self, set_id: str) -> None:
        """Forget an alphabet."""
        async with self._lock:
            if set_id == self.open_id:
                self._close()
            self._listed.pop(set_id, None)
            for key in (keys.set_head(set_id), keys.set_drawings(set_id)):
                await self._kept.delete(key)

    async def content(self, set_id: str) -> bytes:
        """The file of an alphabet, also of one that cannot be read."""
        return await self._get(keys.set_drawings(set_id))

    def _dumps(self, found: DrawingSet) -> bytes:
        """The file of an alphabet. Each drawing is made text only once."""
        self._texts = {d: self._texts.get(d) or drawing_text(d, PAD_UNITS) for d in found.drawings}
        return dump_set(found.name, found.labels, self._texts.values(), PAD_UNITS).encode()


def _entry(set_id: str, found: DrawingSet) -> Listed:
    return Listed(set_id, found.name, len(found.labels), len(found.drawings))


def _readable(content: bytes | None) -> DrawingSet | None:
    """The alphabet in a file; None if there is none, or if it is damaged: then `KeptStore` has put it aside."""
    try:
        return read_set(content) if content else None
    except DrawingsError:
        return None
