"""The visitor's own test sets, one for each alphabet, in the browser's storage.

Without storage they stay until the tab closes.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from tabgrad.alphabet import DIGITS, Labels
from tabgrad.data import drawings as files
from tabgrad.data.drawings import Drawing
from tabgrad.storage import KeptStore, keys

from ...prediction import PAD_UNITS

UNREADABLE = (
    "Your drawings of before cannot be read: they are damaged, or from a newer version of the page. They stay stored: "
    "when you keep a new drawing, they are put aside."
)


class DrawingsStore:
    """The test set of the classes `labels`. A set of the same names in another order is the same set.

    `drawings` in the order in which they were made, in this tab or another. Every change goes to `kept` at once.

    `persist` asks the browser to keep what it stores; it is called once, after the first drawing is stored.
    Methods that return a text return one sentence if something went wrong, else an empty text.
    """

    def __init__(self, kept: KeptStore, persist: Callable[[], object] = lambda: None, labels: Labels = DIGITS) -> None:
        self._kept, self._persist, self.labels = kept, persist, labels
        self._key = keys.DRAWINGS if labels == DIGITS else keys.drawings_of(labels)
        self._asked = False  # to persist
        self._lock = asyncio.Lock()
        self._stored = b""  # the file as this tab last read or wrote it
        self._unread = ""  # why the storage could not be read
        self.drawings: list[Drawing] = []

    async def load(self) -> str:
        async with self._lock:
            return await self._read()

    async def _read(self) -> str:
        self._unread = ""
        try:
            found = await self._kept.get(self._key) or b""
            if found != self._stored:
                self.drawings, self._stored = self._loads(found) if found else [], found
        except files.DrawingsError:
            self._unread = UNREADABLE
        except OSError as error:
            self._unread = f"{error} You can still make new drawings; export them before you leave."
        return self._unread

    @property
    def fault(self) -> str:
        """Why the drawings are only here until the tab closes, or could not be read; empty if all is well."""
        return _sentence(self._kept.why_waiting(self._key)) or self._unread

    async def add(self, drawings: Sequence[Drawing]) -> str:
        """Append drawings, also to those that another tab has stored meanwhile.

        DrawingsError if a later visit could not read the file with them: then nothing is added.
        """
        async with self._lock:
            await self._read()  # `load` has said what is wrong
            new = [files.keepable(drawing) for drawing in drawings]
            if excess := files.excess([*self.drawings, *new]):
                raise files.DrawingsError(f"{excess} can be kept, so nothing was added.")
            failed = await self._change(lambda before: files.newest([*before, *new]))
        if not failed and not self._asked:
            self._asked = True
            self._persist()
        return failed

    async def remove_last(self) -> str:
        async with self._lock:
            await self._read()
            if not self.drawings:
                return ""
            last = self.drawings[-1]
            return await self._change(lambda before: _without(before, last))

    async def _change(self, change: Callable[[list[Drawing]], list[Drawing]]) -> str:
        """Change the drawings here, and those in the storage when it can be read and written."""
        stored, mine = self._stored, change(self.drawings)
        written = self._dumps(mine)

        def changed(content: bytes | None) -> bytes:
            """What another tab has stored by then stays."""
            return written if (content or b"") == stored else self._dumps(change(self._readable(content)))

        def is_readable(content: bytes) -> bool:
            return content == stored or self._is_readable(content)

        content, failed = await self._kept.change(self._key, changed, stored, is_readable)
        self._stored, self._unread = content or b"", ""
        self.drawings = mine if content == written else self._readable(content)
        return _sentence(failed)

    def dumps(self) -> bytes:
        """All drawings as a file of `tabgrad.data.drawings`."""
        return self._dumps(self.drawings)

    def _dumps(self, drawings: Sequence[Drawing]) -> bytes:
        return files.dumps(drawings, PAD_UNITS, self.labels).encode()

    def _loads(self, content: bytes) -> list[Drawing]:
        return files.loads(content, self.labels)

    def _readable(self, content: bytes | None) -> list[Drawing]:
        """The drawings in a file; none if it is damaged: then `KeptStore` has put it aside."""
        try:
            return self._loads(content) if content else []
        except files.DrawingsError:
            return []

    def _is_readable(self, content: bytes) -> bool:
        try:
            self._loads(content)
        except files.DrawingsError:
            return not content
        return True


def _without(drawings: list[Drawing], one: Drawing) -> list[Drawing]:
    """All drawings but the last that is like `one`."""
    like = files.drawing_text(one, PAD_UNITS)
    places = (
        i
        for i in reversed(range(len(drawings)))
        if drawings[i] is one or files.drawing_text(drawings[i], PAD_UNITS) == like
    )
    place = next(places, len(drawings))
    return [*drawings[:place], *drawings[place + 1 :]]


def _sentence(reason: str) -> str:
    return f"{reason} Your drawings stay until this tab closes; export them to keep them." if reason else ""
