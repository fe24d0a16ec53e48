"""The data sets that the site offers to look at. Loads each once, when it is first opened."""

from __future__ import annotations

from typing import Any

from tabgrad.data.sets import DataSets
from tabgrad.interop.files import fetch_bytes
from tabgrad.interop.streams import inflate

DATA_NAMES = {"mnist": "MNIST", "strokes": "Generated digits"}


class SiteData(DataSets):
    """`urls` is the manifest's "data". `titles` has the data sets on offer by name; some sites have no MNIST."""

    def __init__(self, urls: dict[str, Any]) -> None:
        super().__init__(urls, fetch_bytes, inflate)
        self.titles = {name: title for name, title in DATA_NAMES.items() if name != "mnist" or urls.get("mnist")}
