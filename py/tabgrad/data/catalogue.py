"""The data sets that a run can use: one row each, with its name in settings and addresses, its title, how it is opened.

Light to import, because the training form shows the titles: the functions that open a data set import its code.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from tabgrad.alphabet import DIGITS
from tabgrad.incoming import quoted

from .base import IMAGE_SIZE, SET_KEY, DataError, Fetch, Inflate, RunData


async def _no_drawings() -> bytes | None:
    return None


async def _nothing(_key: str) -> bytes | None:
    return None


class DataSets:
    """Opens data sets by name, each of them once.

    `urls` is the manifest's "data": {"mnist": {"index": URL}}, or null for a data set that the site lacks.
    `read_drawings` gives the visitor's own drawings as a file, None if there are none; `read` what is stored under a
    key, for the sets that the visitor has made or brought. Both raise OSError with one sentence. Such data sets are
    opened again when they have changed.
    """

    def __init__(
        self,
        urls: Mapping[str, Any],
        fetch: Fetch,
        inflate: Inflate,
        read_drawings: Callable[[], Awaitable[bytes | None]] = _no_drawings,
        read: Callable[[str], Awaitable[bytes | None]] = _nothing,
    ) -> None:
        self.urls, self.fetch, self.inflate, self.read_drawings, self.read = urls, fetch, inflate, read_drawings, read
        self._opened: dict[str, RunData] = {}
        #: Sets that are not stored but in memory, by their names.
        self.held: dict[str, RunData] = {}

    async def open(self, name: str) -> RunData:
        """The data set `name`. On a site without MNIST, "mnist" gives generated digits, and its description says so.

        Raises DataError, and OSError if the browser does not give what the visitor has stored.
        """
        if name in self.held:
            return self.held[name]
        if SET_KEY.fullmatch(name):
            return await self._open_set(name)
        if name not in CATALOGUE:
            raise DataError(f"There is no data set called {quoted(name)}: choose {', '.join(CATALOGUE)}.")
        data = self._opened[name] = await CATALOGUE[name].open(self, self._opened.get(name))
        return data

    async def _open_set(self, name: str) -> RunData:
        """One of the visitor's sets. Only the last one is kept in memory: each can be large."""
        from .stored import open_set

        opened = self._opened.get(name)
        for other in filter(SET_KEY.fullmatch, list(self._opened)):
            del self._opened[other]
        data = self._opened[name] = await open_set(name, self.read, opened)
        return data


@dataclass(frozen=True, slots=True)
class CatalogueEntry:
    """`title`: what the page calls the data set, in the form and in sentences.

    `origin`: where the data comes from. The build can leave out data of the "site"; "generated" data is always there;
    that of the "visitor" must be drawn first.

    `open` is called whenever a run asks for the data set, with what it returned the last time or None. It returns that
    again if nothing has changed. Raises DataError or OSError.
    """

    title: str
    origin: Literal["site", "generated", "visitor"]
    open: Callable[[DataSets, RunData | None], Awaitable[RunData]]


async def _open_mnist(sets: DataSets, opened: RunData | None) -> RunData:
    if opened is not None:
        return opened
    entry = sets.urls.get("mnist")
    if not entry:
        from .generated import GeneratedData

        return GeneratedData(f"{DATA_SET_TITLES['strokes']}, because this site was built without MNIST")
    from .packed import open_packed

    folder, _, index = str(entry["index"]).rpartition("/")

    async def fetch(file: str) -> bytes:
        return await sets.fetch(f"{folder}/{file}")

    data = await open_packed(index, fetch, sets.inflate, DATA_SET_TITLES["mnist"])
    if data.index.shape != IMAGE_SIZE or data.index.classes != len(DIGITS):
        raise DataError("The data index describes other images than the digits of this page: reload the page.")
    return data


async def _open_generated(_sets: DataSets, opened: RunData | None) -> RunData:
    from .generated import GeneratedData

    return opened or GeneratedData(DATA_SET_TITLES["strokes"])


async def _open_own(sets: DataSets, opened: RunData | None) -> RunData:
    """The visitor's drawings as they are now: they can change during a visit."""
    from .drawn import fingerprint
    from .own import open_own

    content = await sets.read_drawings()
    if opened is not None and opened.fingerprint == fingerprint(content or b""):
        return opened
    return open_own(content)


#: All data sets by name, in the order of the form. Names are stored in settings and addresses and must not change.
CATALOGUE: Mapping[str, CatalogueEntry] = {
    "mnist": CatalogueEntry("MNIST", "site", _open_mnist),
    "strokes": CatalogueEntry("Generated digits", "generated", _open_generated),
    "mine": CatalogueEntry("Your own drawings", "visitor", _open_own),
}
#: The title of each data set by its name.
DATA_SET_TITLES: Mapping[str, str] = {name: entry.title for name, entry in CATALOGUE.items()}


def site_titles(urls: Mapping[str, Any]) -> dict[str, str]:
    """Titles of the data sets that a site has itself, by name. `urls` is the manifest's "data"."""
    return {
        name: entry.title
        for name, entry in CATALOGUE.items()
        if entry.origin == "generated" or (entry.origin == "site" and urls.get(name))
    }
