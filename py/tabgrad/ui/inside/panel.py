"""The panel "Look inside": its sections, opened one by one, follow the pen after the bars have moved.

Owns the order of things: the answer on the page always goes first, sections are updated once a frame at most, one
after another, and only those that are open. Computes nothing itself.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from tabgrad.backends.base import Device
from tabgrad.ink import Snapshot
from tabgrad.interop import dom

from ..models import Model, Models
from ..prediction import Answer
from .ink_section import InkSection
from .layers_section import LayersSection
from .probe import Probe
from .scene import FAULTS, Scene, Section
from .why_section import WhySection
from .widgets import is_dark

#: While a network is in training its weights are read this often at most. Seconds.
WEIGHTS_EVERY_S = 0.5
#: Sections that are open until the visitor closes them.
OPEN_AT_FIRST = ("ink", "layers")


class Desk(Protocol):
    """What this needs of the page."""

    device: Device | None
    models: Models | None
    model: Model | None
    latest: Answer | None
    weights_version: int
    watchers: list[Callable[[], object]]

    @property
    def ink(self) -> Snapshot:
        """What is on the pad."""

    def prepare_with(self, prepare: Callable[[Snapshot], NDArray[np.float32]] | None) -> None:
        """Make the network's input with this function, None for the usual one, and answer again."""


class SectionView:
    """A section in its `details` element; built when first opened."""

    def __init__(self, parent: dom.Element, section: Section, opened: Callable[[], None]) -> None:
        self.section = section
        self._details = dom.create("details", parent, class_="inside-section", data_testid=f"inside-{section.name}")
        self._details.open = dom.stored(f"inside.{section.name}") != "closed" and section.name in OPEN_AT_FIRST
        summary = dom.create("summary", self._details)
        dom.create("h3", summary, text=section.title)
        dom.create("p", self._details, text=section.lead, class_="lead")
        self._body = dom.create("div", self._details, class_="inside-body")
        self._fault = dom.create("p", self._details, class_="fault", role="status")
        self._built = False
        self._opened = opened
        self._listener = dom.Listener(self._details, "toggle", lambda _event: self._toggled())

    def _toggled(self) -> None:
        dom.store(f"inside.{self.section.name}", "open" if self.is_open else "closed")
        if self.is_open:
            self._opened()

    @property
    def is_open(self) -> bool:
        """Whether the visitor sees it."""
        return bool(self._details.open)

    def open(self) -> None:
        """Open it and bring it into view."""
        self._details.open = True
        self._details.scrollIntoView()

    async def update(self, scene: Scene) -> None:
        """Show this moment, or one sentence why it cannot be shown."""
        if not self._built:
            self._built = True
            self.section.build(self._body)
        if scene.probe is None and self.section.needs_network:
            self._fault.textContent = "There is no network to look into yet."
            return
        try:
            await self.section.update(scene)
            self._fault.textContent = ""
        except FAULTS as error:
            self._fault.textContent = f"{error} The answer above is not affected."


class InsidePanel:
    """Builds itself in `place`. `desk` is the page."""

    def __init__(self, desk: Desk, place: dom.Element) -> None:
        self._desk = desk
        self._probe: Probe | None = None
        self._visible = self._stale = False
        self._weights_version, self._weights_read_ms = -1, 0.0
        self._frames = dom.Frames(self._begin)
        self._task: asyncio.Task[None] | None = None
        sections: list[Section] = [InkSection(desk.prepare_with), LayersSection(), WhySection(self.refresh)]
        self._views = [SectionView(place, section, self.refresh) for section in sections]
        desk.watchers.append(self.refresh)

    def shown(self, visible: bool) -> None:
        """The panel comes into view or leaves it."""
        self._visible = visible
        self.refresh()

    def refresh(self) -> None:
        """Show the present moment, after the next frame."""
        self._stale = True
        if self._visible:
            self._frames.request()

    def _begin(self) -> None:
        if self._task is None:
            self._task = asyncio.ensure_future(self._work())

    async def _work(self) -> None:
        try:
            while self._stale and self._visible:
                self._stale = False
                await self._update()
                await asyncio.sleep(0)
        finally:
            self._task = None

    async def _update(self) -> None:
        try:
            probe = await self._current_probe()
        except FAULTS:  # a device that was lost: the page says so, and opens another one
            probe = None
        scene = Scene(self._desk.ink, self._desk.latest, probe, is_dark())
        for view in self._views:
            if view.is_open:
                await view.update(scene)

    async def _current_probe(self) -> Probe | None:
        """The probe into the network that answers now, with its weights; None if there is no network."""
        desk, known = self._desk, self._probe
        if desk.model is None or desk.models is None or desk.device is None:
            return None
        if known is None or known.model is not desk.model:
            if known is not None:
                known.destroy()
            self._probe = known = Probe(desk.models, desk.device, desk.model)
            self._weights_version = -1
        due = dom.now_ms() - self._weights_read_ms > WEIGHTS_EVERY_S * 1e3
        if known.version == 0 or (self._weights_version != desk.weights_version and due):
            self._weights_version, self._weights_read_ms = desk.weights_version, dom.now_ms()
            await known.open()
        return known
