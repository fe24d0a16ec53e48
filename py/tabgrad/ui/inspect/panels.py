"""The panels as tabs of the page, and the links that open them. Imports a panel's modules when it is first shown.

Knows no section: `sections.registry` lists them.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from tabgrad.interop import dom
from tabgrad.interop.page import fragment

from ..context import PageContext
from ..tabs import BuildPanel, Shown, Tabs

PANELS = ("inside", "data", "code")
#: What a panel was called in the addresses of earlier versions.
FORMER_NAMES = {"kernels": "code"}
#: What a step of the tour is called in the address, before its number.
TOUR_PREFIX = "tour-"


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
        """Open what the address's fragment names (`#data`, `#tour-3`), now and whenever it changes."""
        self._tabs = tabs
        self._links = dom.on_page("hashchange", lambda _event: self._follow())
        self._follow()

    def _build_panel(self, name: str, place: dom.Element) -> Shown:
        if self._build is None:
            from .panel import panel_builder

            self._build = panel_builder(self._page)
        return self._build(name, place)

    def _follow(self) -> None:
        name = FORMER_NAMES.get(fragment(), fragment())
        if self._tabs.has(name):
            self._tabs.show(name)
        elif name.startswith(TOUR_PREFIX):
            step = name.removeprefix(TOUR_PREFIX)
            if self._show_tour is None:
                from .tour import Tour

                self._show_tour = Tour(self._tabs.show, TOUR_PREFIX).show
            self._show_tour(int(step) if step.isdecimal() else 0)
