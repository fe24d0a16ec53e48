"""Which source is in the editor, and what is kept of it: for a reload of this tab, and as a copy beside the original.

Nothing that was typed is lost: whatever takes a text's place in the editor waits until it is saved. Says nothing to the
visitor: `controller` does.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Protocol

from . import tab_memory
from .copies import LINK, Copies, Copy, new_id
from .examples import EXAMPLES
from .tab_memory import TabMemory
from .titles import own_title

#: In the menu: what comes before the id of a copy.
COPY = "copy:"


class Text(Protocol):
    """The editor: `interop.code_editor.CodeEditor`."""

    @property
    def text(self) -> str:
        """All of it."""

    def open(self, text: str) -> None:
        """Begin with another text, with nothing to undo."""

    def replace(self, text: str) -> None:
        """Change all of it, in one step that can be undone."""

    def save(self) -> str:
        """Text and undo history."""

    def restore(self, saved: str) -> bool:
        """Go on from what `save` returned; False if it is damaged."""

    def show_problems(self, problems: list[tuple[int, str]]) -> None:
        """Mark these lines, and no others."""

    def problem_lines(self) -> list[int]:
        """Where they are by now."""


@dataclass
class Document:
    """What is in the editor: an example, by its name, or code from a link (`LINK`).

    `original` is None while it could not be fetched; `copy` is None while the text is not edited. `unread`: it came
    with a link, and nobody has said yet that it may run.
    """

    base: str
    original: str | None
    copy: Copy | None = None
    unread: bool = False

    @property
    def value(self) -> str:
        """What the menu calls it."""
        return COPY + self.copy.id if self.copy else self.base

    @property
    def original_to_keep(self) -> str:
        """The original if nobody else has it: that of a link."""
        return self.original or "" if self.base == LINK else ""


class Documents:
    """`now` is in the editor, `linked` came with the newest link.

    `fetch` returns the source of an example, and raises OSError. `keep` keeps a text for a reload of this tab.
    """

    def __init__(
        self,
        text: Text,
        copies: Copies,
        fetch: Callable[[str], Awaitable[str]],
        keep: Callable[[str], object],
    ) -> None:
        self._text, self.copies, self._fetch, self._keep = text, copies, fetch, keep
        self._saving = asyncio.Lock()
        self._before_reset: tuple[str, Copy | None] | None = None
        self.now = Document(next(iter(EXAMPLES)), None)
        self.linked: Document | None = None

    @property
    def can_undo_reset(self) -> bool:
        """Whether the visitor has just gone back to the original."""
        return self._before_reset is not None

    # ---- Opening

    async def begin(self, kept: str) -> None:
        """Show what this tab has `kept` before a reload, else the newest copy, else an example. Raises OSError."""
        if (memory := tab_memory.loads(kept)) is not None:
            await self._go_on(memory)
        elif self.copies.rows:
            await self.open_copy(self.copies.rows[0])
        else:
            await self.open_example(self.now.base)

    async def open(self, value: str) -> None:
        """Show what the menu calls `value`. Raises OSError if it cannot be fetched."""
        copy = next((copy for copy in self.copies.rows if COPY + copy.id == value), None)
        if copy is not None:
            await self.open_copy(copy)
        elif value == LINK and self.linked is not None:
            self._open(replace(self.linked), self.linked.original or "")
        else:
            await self.open_example(value)

    async def open_example(self, name: str) -> None:
        """Show an example as it is. Raises OSError."""
        source = await self._fetch(name)
        self._open(Document(name, source), source)

    async def open_copy(self, copy: Copy) -> None:
        """Show an edited copy."""
        original = copy.original if copy.base == LINK else await self._original(copy.base)
        self._open(Document(copy.base, original, copy, copy.unread), copy.source)

    def open_linked(self, source: str) -> None:
        """Show code that came with a link."""
        self.linked = Document(LINK, source, unread=True)
        self._open(replace(self.linked), source)

    def _open(self, document: Document, source: str) -> None:
        self.now, self._before_reset = document, None
        self._text.open(source)
        self.keep()

    async def _original(self, name: str) -> str | None:
        try:
            return await self._fetch(name)
        except OSError:
            return None

    # ---- Saving

    async def save(self) -> bool:
        """Keep the text as it is: for a reload, and beside the original if it is edited.

        Returns whether another tab had changed the same copy, so that this is another one now.
        """
        async with self._saving:
            now, source = self.now, self._text.text
            kept, beside = now.copy, False
            if source == (now.original or ""):
                if kept is not None:
                    await self.copies.remove(kept)
                now.copy = None
            else:
                self._before_reset = None
                if kept is None or (source, now.unread) != (kept.source, kept.unread):
                    copy = replace(kept or Copy(new_id(), now.base, ""), source=source, unread=now.unread)
                    copy = replace(copy, original=now.original_to_keep, title=own_title(source, now.original))
                    now.copy = await self.copies.save(copy)
                    beside = now.copy.id != copy.id
            self.keep()
        return beside

    def keep(self) -> None:
        """Keep the text with its undo history for a reload of this tab."""
        now, source, copy = self.now, self._text.text, self.now.copy
        memory = TabMemory(
            base=now.base,
            original=now.original_to_keep,
            source=source,
            editor=self._text.save(),
            id=copy.id if copy else "",
            version=copy.version if copy else 0,
            saved=copy is not None and copy.source == source,
            unread=now.unread,
        )
        self._keep(tab_memory.dumps(memory))

    async def _go_on(self, tab: TabMemory) -> None:
        """Show what this tab had, with its undo history."""
        stored = next((row for row in self.copies.rows if row.id == tab.id), None)
        if stored is not None and stored.version != tab.version and tab.saved:
            await self.open_copy(stored)  # another tab has changed it since
            return
        copy = None
        if tab.id:  # without its source if not all of it was saved: then it is saved now
            copy = Copy(tab.id, tab.base, tab.source if tab.saved and stored else "", version=tab.version)
            copy = replace(copy, unread=tab.unread)
        original = tab.original if tab.base == LINK else await self._original(tab.base)
        self.now = Document(tab.base, original, copy, tab.unread)
        if tab.base == LINK:
            self.linked = Document(LINK, original, unread=tab.unread)
        if not self._text.restore(tab.editor) or self._text.text != tab.source:
            self._text.open(tab.source)

    def erased(self) -> None:
        """All that was stored is erased. The text stays until the tab is closed."""
        self.copies.rows, self.now.copy = [], None

    # ---- Reset

    async def reset(self) -> None:
        """Go back to the original; or, right after that, to the edited text again. Raises OSError."""
        if self._before_reset is not None:
            source, self.now.copy = self._before_reset
            self._before_reset = None
            self._text.replace(source)
            return
        if self.now.original is None:
            self.now.original = await self._fetch(self.now.base)
        copy = self.now.copy  # which is not stored any more when the reset is undone
        self._before_reset = self._text.text, copy and replace(copy, source=self.now.original)
        self._text.replace(self.now.original)

    def may_run(self) -> None:
        """The visitor has said that the code from the link may run."""
        if self.now.unread and self.linked is not None and self.now.original == self.linked.original:
            self.linked.unread = False
        self.now.unread = False
