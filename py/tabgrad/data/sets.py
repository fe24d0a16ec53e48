"""Opens the data sets of the catalogue by name, each of them once.

Owns which data sets are open; how each is opened is in `catalogue`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .base import Fetch, Inflate, RunData
from .catalogue import CATALOGUE, DataAccess, ReadDrawings
from .errors import DataError


async def _no_drawings() -> bytes | None:
    return None


class DataSets:
    """Data sets by name. `urls` is the manifest's "data": {"mnist": {"index": URL}}, null for a missing data set.

    `read_drawings` gives the visitor's own drawings. That data set is opened again when they have changed.
    """

    def __init__(
        self, urls: Mapping[str, Any], fetch: Fetch, inflate: Inflate, read_drawings: ReadDrawings = _no_drawings
    ) -> None:
        self._access = DataAccess(urls, fetch, inflate, read_drawings)
        self._opened: dict[str, RunData] = {}

    async def open(self, name: str) -> RunData:
        """The data set `name`. On a site without MNIST, "mnist" gives generated digits, and its description says so.

        Raises DataError, and OSError if the browser does not give the visitor's drawings.
        """
        if name not in CATALOGUE:
            raise DataError(f"There is no data set called {name[:40]!r}: choose {', '.join(CATALOGUE)}.")
        data = self._opened[name] = await CATALOGUE[name].open(self._access, self._opened.get(name))
        return data
