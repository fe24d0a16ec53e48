"""The data sets that a run can use. Each has one row: its name in settings and addresses, its title, how it is opened.

Light to import, because the training form shows the titles. Functions that open a data set import its code themselves.
Owns these rows; holds no data (see `sets` for what is open).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from .base import Fetch, Inflate, RunData

#: Gives the visitor's own drawings as a file, None if there are none. Raises OSError with one sentence.
ReadDrawings = Callable[[], Awaitable[bytes | None]]


@dataclass(frozen=True, slots=True)
class DataAccess:
    """How data sets get their bytes. `urls`: the manifest's "data", such as {"mnist": {"index": URL}}; an entry is null
    if the site was built without that data set.
    """

    urls: Mapping[str, Any]
    fetch: Fetch
    inflate: Inflate
    read_drawings: ReadDrawings


@dataclass(frozen=True, slots=True)
class CatalogueEntry:
    """`title`: what the page calls the data set, in the form and in sentences.

    `origin`: where the data comes from. The build can leave out data of the "site"; "generated" data is always there;
    that of the "visitor" must be drawn first.

    `open` is called each time the data set is asked for, with the result of the last call or None. It returns that
    result again if the data has not changed. Raises DataError or OSError.
    """

    title: str
    origin: Literal["site", "generated", "visitor"]
    open: Callable[[DataAccess, RunData | None], Awaitable[RunData]]


async def _open_mnist(access: DataAccess, opened: RunData | None) -> RunData:
    """MNIST, or generated digits on a site that was built without it."""
    if opened is not None:
        return opened
    entry = access.urls.get("mnist")
    if not entry:
        from .generated import GeneratedData

        return GeneratedData(f"{DATA_SET_TITLES['strokes']}, because this site was built without MNIST")
    from .packed import open_packed

    folder, _, index = str(entry["index"]).rpartition("/")

    async def fetch(file: str) -> bytes:
        return await access.fetch(f"{folder}/{file}")

    return await open_packed(index, fetch, access.inflate, DATA_SET_TITLES["mnist"])


async def _open_generated(access: DataAccess, opened: RunData | None) -> RunData:
    from .generated import GeneratedData

    return opened or GeneratedData(DATA_SET_TITLES["strokes"])


async def _open_own(access: DataAccess, opened: RunData | None) -> RunData:
    """The visitor's drawings as they are now: they can change during a visit."""
    from .own import fingerprint, open_own

    content = await access.read_drawings()
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
    """Titles by name of the data sets that this site has itself. `urls` as in `DataAccess`."""
    return {
        name: entry.title
        for name, entry in CATALOGUE.items()
        if entry.origin == "generated" or (entry.origin == "site" and urls.get(name))
    }
