"""Images for a network to read: the data sets that the site offers, and reading many images a few at a time."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tabgrad.alphabet import DIGITS, Labels
from tabgrad.data import DataError, RunData
from tabgrad.data.catalogue import DataSets, site_titles
from tabgrad.interop import dom
from tabgrad.interop.files import fetch_bytes, inflate

from ...context import PageContext
from ...models import Model
from ...widgets.controls import Select
from ...widgets.labels import mismatch

Array = NDArray[np.float32]
#: One chunk of images may keep the page busy for this long. Milliseconds.
CHUNK_MS = 10.0
FIRST_CHUNK, MAX_CHUNK = 16, 512


class MisfitError(DataError):
    """A network meets data of another alphabet. The message is one sentence for the visitor."""


class SiteData(DataSets):
    """`titles` has the data sets on offer by name: the site's, some have no MNIST, and those that are stored here."""

    def __init__(self, page: PageContext) -> None:
        super().__init__(page.manifest["data"], fetch_bytes, inflate, read=page.kept.get)
        self._page = page
        page.sets.watchers.append(self._offer_sets)
        self._offer_sets()
        self._locks = defaultdict[str, asyncio.Lock](asyncio.Lock)  # two sections may ask for one that is on its way

    def _offer_sets(self) -> None:
        sets = self._page.sets
        stored = {name: title for name, title in sets.titles.items() if not sets.is_held(name)}
        self.titles = site_titles(self.urls) | stored

    async def open(self, name: str) -> RunData:
        """See `DataSets`."""
        async with self._locks[name]:
            return await super().open(name)


class SetChoice(Select):
    """A select of the data sets in `data`. When a network of another alphabet answers, it goes to a set that fits."""

    def __init__(self, parent: dom.Element, data: SiteData, changed: Callable[[], object], testid: str) -> None:
        super().__init__(parent, "Data", data.titles, changed, testid)
        self._data, self._alphabet = data, DIGITS

    def follow(self, model: Model) -> bool:
        """Offer the present sets; choose the one that `model` learned from, or any of digits, if it has to be another.

        Returns whether another one is chosen.
        """
        before = self.value
        if self.offer(self._data.titles) and before in self._data.titles:
            self.value = before
        if model.alphabet != self._alphabet:
            self._alphabet = model.alphabet
            learned_from = str(model.card.get("learned_from", ""))
            first = next(iter(self._data.titles))
            if learned_from in self._data.titles or model.alphabet == DIGITS:
                self.value = learned_from if learned_from in self._data.titles else first
        return self.value != before


def check_reads(model: Model, title: str, labels: Labels) -> None:
    """Raises MisfitError with one sentence if `model` knows other classes than the data set `title` has."""
    if model.alphabet != labels:
        raise MisfitError(mismatch(model.alphabet, labels, title))


async def read_all(
    read: Callable[[NDArray[Any]], Awaitable[Array]],
    images: NDArray[Any] | Sequence[NDArray[Any]],
    go_on: Callable[[int], bool],
) -> Array | None:
    """Logits (n, classes) of n >= 1 images (28, 28), by `read` for several at a time. The page stays quick.

    `go_on` gets the number of images read so far. If it returns False, the result is None. Raises the errors of `read`.
    """
    done, chunk = 0, FIRST_CHUNK
    parts = list[Array]()
    while done < len(images):
        begin_ms = dom.now_ms()
        parts.append(await read(np.asarray(images[done : done + chunk])))
        spent_ms = max(dom.now_ms() - begin_ms, 0.1)
        done += len(parts[-1])
        chunk = int(np.clip(chunk * np.clip(CHUNK_MS / spent_ms, 0.5, 2), 1, MAX_CHUNK))
        if not go_on(done):
            return None
        await asyncio.sleep(0)
    return np.concatenate(parts)
