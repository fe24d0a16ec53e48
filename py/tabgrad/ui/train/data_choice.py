"""The data sets in the training form: the site's, and the visitor's own, which come and go.

Owns what the form falls back to when a set is named that is not here.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace

from tabgrad.data import DATA_SET_TITLES, SET_KEY
from tabgrad.settings import RunSettings

from ..context import PageContext
from .store import own_data_option
from .views.setup import SettingsForm

GONE = (
    "The data set that this needs is not in this browser, so the form has the site's own data. Bring its files under "
    "“Data and mistakes”."
)


class DataChoice:
    """`drawings` gives the visitor's drawings for the next run, as `TrainStore.drawings` does."""

    def __init__(self, page: PageContext, form: SettingsForm, drawings: Callable[[], Awaitable[bytes | None]]) -> None:
        self._page, self._form, self._drawings = page, form, drawings
        self._has_mnist = bool(page.manifest["data"].get("mnist"))
        if not self._has_mnist:
            form.set_option("data", "mnist", f"{DATA_SET_TITLES['mnist']} (not here)", enabled=False)

    async def look(self) -> None:
        """The visitor may have kept drawings or data sets since the panel was last seen, also in another tab."""
        title, enabled = own_data_option(await self._drawings())
        self._form.set_option("data", "mine", title, enabled=enabled)
        await self._page.sets.load()

    def offer_sets(self) -> None:
        """Data sets have come or gone."""
        self._form.offer_sets(self._page.sets.titles)

    async def find(self, settings: RunSettings) -> tuple[RunSettings, str]:
        """As `known`, before anything was looked up: settings that name no set do not wait for storage."""
        if SET_KEY.fullmatch(settings.data):
            await self._page.sets.load()
        return self.known(settings)

    def known(self, settings: RunSettings) -> tuple[RunSettings, str]:
        """`settings` with data that is here, and one sentence if they name a set that is not."""
        if SET_KEY.fullmatch(settings.data) and settings.data not in self._page.sets.heads:
            return replace(settings, data="mnist" if self._has_mnist else "strokes", labels=()), GONE
        if settings.data == "mnist" and not self._has_mnist:
            return replace(settings, data="strokes"), ""
        return settings, ""
