"""The data sets that the site offers to look at. Loads each once, when it is first opened."""

from __future__ import annotations

from typing import Any

from tabgrad.data.catalogue import DataSets, site_titles
from tabgrad.interop.files import fetch_bytes, inflate


class SiteData(DataSets):
    """`urls` is the manifest's "data". `titles` has the data sets on offer by name; some sites have no MNIST."""

    def __init__(self, urls: dict[str, Any]) -> None:
        super().__init__(urls, fetch_bytes, inflate)
        self.titles = site_titles(urls)
