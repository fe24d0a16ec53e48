"""Images for a network to read: the data sets that the site offers, and reading many images a few at a time."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tabgrad.data import RunData
from tabgrad.data.catalogue import DataSets, site_titles
from tabgrad.interop import dom
from tabgrad.interop.files import fetch_bytes, inflate

from ...context import PageContext

Array = NDArray[np.float32]
#: One chunk of images may keep the page busy for this long. Milliseconds.
CHUNK_MS = 10.0
FIRST_CHUNK, MAX_CHUNK = 16, 512


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


async def read_all(
    read: Callable[[NDArray[Any]], Awaitable[Array]],
    images: NDArray[Any] | Sequence[NDArray[Any]],
    go_on: Callable[[int], bool],
) -> Array | None:
    """Logits (n, 10) of n >= 1 images (28, 28), by `read` for several at a time. The page stays responsive meanwhile.

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
