"""The data sets that are stored in this browser, or in the worker's memory for this visit. Shows nothing.

Light to import: the page has it from the start, and reads heads only where there are sets.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from tabgrad.alphabet import Labels
from tabgrad.storage import KeptStore, keys

if TYPE_CHECKING:
    from tabgrad.data.sets import SetHead


class KnownSets:
    """`heads` by the sets' ids, in the order of their names; `damaged` are the ids of those that cannot be read.

    `labels` is kept up to date with the labels of each. `watchers` are called when something has changed; then
    `version` has gone up.
    """

    def __init__(self, kept: KeptStore, labels: dict[str, Labels]) -> None:
        self._kept, self._labels = kept, labels
        self._one_at_a_time = asyncio.Lock()
        self.heads: dict[str, SetHead] = {}
        self.damaged: list[str] = []
        self._held: dict[str, SetHead] = {}  # in the worker's memory only
        self.watchers: list[Callable[[], object]] = []
        self.version = 0

    @property
    def titles(self) -> dict[str, str]:
        """What lists of data sets call each: its name, and how many samples it has."""
        return {name: f"{head.name} ({head.samples:,})" for name, head in self.heads.items()}

    def is_held(self, name: str) -> bool:
        """Whether a set is here only until the tab closes."""
        return name in self._held

    async def load(self) -> None:
        """Look up what is stored now: another tab may have changed it. What storage does not give is not listed."""
        async with self._one_at_a_time:
            found, damaged = await self._read()
        found |= {name: head for name, head in self._held.items() if name not in found}
        found = dict(sorted(found.items(), key=lambda item: (item[1].name.casefold(), item[0])))
        if (found, damaged) != (self.heads, self.damaged):
            self.heads, self.damaged = found, damaged
            self._labels.clear()
            self._labels.update({name: head.labels for name, head in found.items()})
            self.version += 1
            for watcher in list(self.watchers):
                watcher()

    async def _read(self) -> tuple[dict[str, SetHead], list[str]]:
        found, damaged = dict[str, "SetHead"](), list[str]()
        try:
            names = [keys.set_of(key) for key in await self._kept.keys(keys.SETS_PREFIX)]
            names = [name for name in dict.fromkeys(names) if await self._kept.get(keys.set_head(name)) is not None]
            if not names:
                return found, damaged
            from tabgrad.data import DataError
            from tabgrad.data.sets import load_head

            for name in names:
                try:
                    found[name] = load_head(await self._kept.get(keys.set_head(name)) or b"")
                except DataError:
                    damaged.append(name)
        except OSError:
            pass  # the page has said that nothing is stored
        return found, damaged

    async def hold(self, head: SetHead) -> None:
        """A set is in the worker's memory: storage refused it."""
        self._held[head.id] = head
        await self.load()

    async def rename(self, name: str, title: str) -> None:
        """Call a set otherwise. DataError if it cannot be called so."""
        from tabgrad.data.sets import check_name, load_head

        title = check_name(title)
        if name in self._held:
            self._held[name] = replace(self._held[name], name=title)
        else:
            await self._kept.change(
                keys.set_head(name), lambda head: head and replace(load_head(head), name=title).dumps()
            )
        await self.load()

    async def remove(self, name: str) -> None:
        """Delete a set: its head first, so that no half of it is ever listed."""
        self._held.pop(name, None)
        await self._kept.delete(keys.set_head(name))
        with suppress(OSError):
            for key in await self._kept.keys(f"{keys.set_head(name)}/"):
                await self._kept.delete(key)
        await self.load()

    def changed_elsewhere(self) -> None:
        """All that was stored is erased, or another tab may have changed it."""
        self._loading = asyncio.ensure_future(self.load())
