"""Which sections there are, in which panel, and what each gets. Imports a panel's modules when it is first shown."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from tabgrad.interop import dom, page

from ..tabs import Tab, Tabs

if TYPE_CHECKING:
    from ..context import PageContext
    from .inputs import Inputs
    from .lens import Lens
    from .panel import SectionsPanel
    from .scene import Section
    from .tour import Tour
    from .tuner import Outcome

DATA_NAMES = {"mnist": "MNIST", "strokes": "Generated digits"}


class InspectPanels:
    """`entries` are the panels, for the tabs of the page."""

    def __init__(self, desk: PageContext) -> None:
        self._desk = desk
        self._shared: tuple[Lens, Inputs] | None = None
        self._sections: dict[str, SectionsPanel] = {}
        self._tour: Tour | None = None

    def entries(self) -> list[Tab]:
        """Three panels, none of them built yet."""
        return [
            Tab("inside", "Look inside", self._build_inside),
            Tab("data", "Data and mistakes", self._build_data),
            Tab("kernels", "Kernels", self._build_kernels),
        ]

    def follow_links(self, tabs: Tabs) -> None:
        """Open what the address's fragment names (`#data`, `#tour-3`), now and whenever it changes."""
        self._tabs = tabs
        self._links = dom.on_page("hashchange", lambda _event: self._follow())
        self._follow()

    def _follow(self) -> None:
        fragment = page.fragment()
        if self._tabs.has(fragment):
            self._tabs.show(fragment)
        elif fragment.startswith("tour-"):
            from .tour import Tour, step_in

            self._tour = self._tour or Tour(self._tabs.has, self._open)
            self._tour.show(step_in(fragment) or 0)

    def _open(self, name: str, section: str) -> None:
        """Show a panel, and a section in it."""
        self._tabs.show(name)
        if section and name in self._sections:
            self._sections[name].open(section)

    def _panel(self, name: str, place: dom.Element) -> tuple[SectionsPanel, Lens, Inputs]:
        """A new panel, and what all panels share: one look into the network, and one way to its input."""
        from .inputs import Inputs
        from .lens import Lens
        from .panel import SectionsPanel

        lens, inputs = self._shared = self._shared or (Lens(self._desk), Inputs(self._desk))
        panel = self._sections[name] = SectionsPanel(self._desk, lens, place)
        return panel, lens, inputs

    def _build_inside(self, place: dom.Element) -> Callable[[bool], object]:
        from .ink_section import InkSection
        from .layers_section import LayersSection
        from .why_section import WhySection

        panel, _, inputs = self._panel("inside", place)
        sections: list[Section] = [InkSection(inputs), LayersSection(panel.refresh), WhySection(panel.refresh)]
        panel.add(sections, ("ink", "layers", "why"))
        return panel.shown

    def _build_data(self, place: dom.Element) -> Callable[[bool], object]:
        from tabgrad.data.sets import DataSets
        from tabgrad.interop.files import fetch_bytes
        from tabgrad.interop.storage import open_storage
        from tabgrad.interop.streams import inflate

        from .data_section import DataSection
        from .mistakes_section import MistakesSection
        from .own_section import OwnSection
        from .own_store import OwnDrawings

        desk, (panel, lens, inputs) = self._desk, self._panel("data", place)
        urls = desk.manifest["data"]
        names = DATA_NAMES if urls.get("mnist") else {"strokes": DATA_NAMES["strokes"]}
        data = DataSets(urls, fetch_bytes, inflate)
        to_pad = inputs.to_pad
        own = OwnSection(OwnDrawings(open_storage), lambda: desk.ink, desk.pad.put, self._offer, panel.refresh)
        browser = DataSection(data, names, to_pad, panel.refresh)
        sections: list[Section] = [browser, MistakesSection(data, names, to_pad, lens, panel.refresh), own]
        panel.add(sections, ("data", "mistakes", "mine"))
        return panel.shown

    def _offer(self, outcome: Outcome) -> None:
        """Put a tuned network into the model picker."""
        from .tuner import TUNED

        self._desk.offer(TUNED, outcome.title, outcome.make)

    def _build_kernels(self, place: dom.Element) -> Callable[[bool], object]:
        from .kernels_section import KernelsSection

        panel, _, _ = self._panel("kernels", place)
        desk = self._desk
        panel.add([KernelsSection(lambda: desk.device, desk.training_program, panel.refresh)], ("kernels",))
        return panel.shown
