"""The settings of a run in the page's address, so that they can be shared. Owns nothing else of the address."""

from __future__ import annotations

from tabgrad.interop import page
from tabgrad.settings import FIELDS, RunSettings, from_query, to_query


def settings_in_address() -> tuple[RunSettings, list[str]]:
    """The settings, and a sentence for each value that was refused."""
    return from_query(page.query())


def write_address(settings: RunSettings) -> None:
    """Put the settings into the address; what else is there stays."""
    others = [part for part in page.query().split("&") if part and part.partition("=")[0] not in FIELDS]
    page.replace_query("&".join([*others, *filter(None, [to_query(settings)])]))
