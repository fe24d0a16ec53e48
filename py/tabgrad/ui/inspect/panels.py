"""The panels as tabs of the page, and the links that open them. Imports a panel's modules when it is first shown.

Knows no section: `sections.registry` lists them.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from tabgrad.interop import dom

from ..context import PageContext
from ..tabs import BuildPanel, Shown, Tabs

#: The panels by name.
PANELS = ("inside", "data", "code")


class InspectPanels:
    """`builders` makes the panels, for the tabs of the page."""

    def __init__(self, page: PageContext) -> None:
        self._page = page
        self._build: Callable[[str, dom.Element], Shown] | None = None
        self._show_tour: Callable[[int], None] | None = None

    def builders(self) -> dict[str, BuildPanel]:
        """By the panels' names; none is built yet."""
        return {name: partial(self._build_panel, name) for name in PANELS}

    def follow_links(self, tabs: Tabs) -> None:
        """Open what the address names (`#data`, `#tour-3`, `#lesson-shapes`), now and whenever it changes."""
        self._tabs = tabs
        self._links = dom.on_page("hashchange", lambda _event: self._follow())
        self._follow()

    def _build_panel(self, name: str, place: dom.Element) -> Shown:
        if self._build is None:
            from .panel import panel_builder

            self._build = panel_builder(self._page)
        return self._build(name, place)

    def _open_alphabets(self) -> None:
        """Their section, if it was closed, and have it look which lesson the link names."""
        for section in dom.select("[data-testid=inside-alphabets]"):
            section.open = True
            section.scrollIntoView()
        for watcher in self._page.watchers:
            watcher()

    def _follow(self) -> None:
        place = self._page.address.place
        self._page.lesson = place.lesson
        if self._tabs.has(place.tab):
            self._tabs.show(place.tab)
            if place.lesson:
                self._open_alphabets()
        elif place.step:
            from .tour import Tour
            from .tour_steps import STEPS

            if self._show_tour is None:
                self._show_tour = Tour(self._page, self._tabs).show
            self._show_tour(place.step if place.step <= len(STEPS) else 1)
