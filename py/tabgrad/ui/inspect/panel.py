"""A panel of sections that open one by one and follow the pen.

Owns which views are behind: those that are open and visible take turns (`pacing`). A view that waits for the network
holds up none of the others. Computes nothing itself.
"""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable

from tabgrad.interop import dom
from tabgrad.storage import keys

from ..context import PageContext
from ..faults import FAULTS
from ..tabs import Shown
from .pacing import Turns
from .probe import Probe
from .section import (
    MIN_READ_INTERVAL_S,
    BesideThePad,
    CurrentProbe,
    Inputs,
    InspectContext,
    Section,
    ViewState,
    view_state,
)
from .sections.registry import SECTIONS


class View(ABC):
    """Something that the panel keeps up to date. Built when it is first open and visible."""

    def __init__(self) -> None:
        self.version = 0  #: the panel's version that it shows
        self.is_built = self.busy = False  #: its elements are made; it is being updated

    @property
    @abstractmethod
    def is_open(self) -> bool:
        """Whether it can be seen while its panel is visible."""

    @abstractmethod
    def build(self) -> None:
        """Make the elements. Called once."""

    @abstractmethod
    def show(self, visible: bool) -> None:
        """The panel comes into view or leaves it."""

    @abstractmethod
    async def update(self, state: ViewState) -> None:
        """Show this state."""


class SectionView(View):
    """A section in its `details` element, open until the visitor closes it."""

    def __init__(self, parent: dom.Element, section: Section, opened: Callable[[], None]) -> None:
        super().__init__()
        self.section = section
        self._key = keys.SECTION_PREFIX + section.name
        self._details = dom.create("details", parent, class_="inside-section", data_testid=f"inside-{section.name}")
        self._details.open = dom.stored(self._key) != "closed"
        summary = dom.create("summary", self._details)
        dom.create("h3", summary, text=section.title)
        dom.create("p", self._details, text=section.lead, class_="lead")
        self._body = dom.create("div", self._details, class_="inside-body")
        self._fault = dom.create("p", self._details, class_="fault", role="status")
        self._opened = opened
        self._listener = dom.Listener(self._details, "toggle", self._toggled)

    def _toggled(self, _event: dom.Event) -> None:
        dom.store(self._key, "open" if self.is_open else "closed")
        if self.is_open:
            self._opened()

    @property
    def is_open(self) -> bool:
        return bool(self._details.open)

    def build(self) -> None:
        self.is_built = True
        self.section.build(self._body)

    def show(self, visible: bool) -> None:
        pass  # it comes and goes with its panel

    async def update(self, state: ViewState) -> None:
        """Show this state, or one sentence that says why it cannot be shown."""
        if state.probe is None and self.section.needs_network:
            self._fault.textContent = "There is no network to look into yet."
            return
        try:
            await self.section.update(state)
            self._fault.textContent = ""
        except FAULTS as error:
            self._fault.textContent = f"{error} You can go on drawing."


class BenchView(View):
    """What stands beside the pad while the panel is open."""

    is_open = True

    def __init__(self, section: BesideThePad) -> None:
        super().__init__()
        self._section = section
        self._body = dom.create("div", dom.by_id("keep"), class_="beside-pad")

    def build(self) -> None:
        self.is_built = True
        self._section.build(self._body)

    def show(self, visible: bool) -> None:
        self._body.hidden = not visible
        self._section.show(visible)

    async def update(self, state: ViewState) -> None:
        await self._section.update(state)


class SectionsPanel:
    """Shows the sections of the panel `name` in `place`, one after the other, and its view beside the pad."""

    def __init__(self, name: str, place: dom.Element, page: PageContext, probe: CurrentProbe, inputs: Inputs) -> None:
        self._place, self._page, self._probe = place, page, probe
        self._visible = False
        self._version = 0  # goes up whenever there is something new to show
        self._frame = asyncio.Event()
        self._frames = dom.Frames(self._frame.set)
        self._turns = Turns(self._next_frame, dom.now_ms)
        self._tasks = set[asyncio.Task[None]]()
        self._reread: asyncio.TimerHandle | None = None
        context = InspectContext(page, probe, inputs, self.refresh)
        self._views: list[View] = [
            BenchView(section) if isinstance(section, BesideThePad) else SectionView(place, section, self.refresh)
            for section in SECTIONS[name](context)
        ]
        page.watchers.append(self.refresh)

    def set_visible(self, visible: bool) -> None:
        self._visible = visible
        for view in self._views:
            view.show(visible)
        self.refresh()

    def refresh(self) -> None:
        """Show the current state of the page, from the next frame on."""
        self._version += 1
        self._go_on()

    def _go_on(self) -> None:
        """Start to update the views that are behind, the one that is furthest behind first."""
        if not self._visible:
            return
        for view in sorted(self._views, key=lambda view: view.version):
            if view.is_open and view.version < self._version and not view.busy:
                view.busy = True
                task = asyncio.ensure_future(self._update(view))
                self._tasks.add(task)
                task.add_done_callback(self._done)
        if not self._tasks:  # for tests: all of the panel shows this prediction
            self._place.dataset.shows = str(dom.root_dataset().predictions)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        self._go_on()

    async def _next_frame(self) -> None:
        self._frame.clear()
        self._frames.request()
        await self._frame.wait()

    async def _update(self, view: View) -> None:
        try:
            view.version = self._version
            async with self._turns.turn():
                if not view.is_built:
                    view.build()  # its controls are there before anything is loaded
                probe = await self._current_probe()
                if self._visible:
                    view.version = self._version
                    await view.update(view_state(self._page, probe))
        finally:
            view.busy = False
        if self._probe.is_stale and self._reread is None:
            self._reread = asyncio.get_running_loop().call_later(MIN_READ_INTERVAL_S, self._on_reread)

    async def _current_probe(self) -> Probe | None:
        try:
            return await self._probe.get()
        except FAULTS:  # the device was lost: the page says so, and opens another one
            return None

    def _on_reread(self) -> None:
        self._reread = None
        self.refresh()


def panel_builder(page: PageContext) -> Callable[[str, dom.Element], Shown]:
    """A function that builds a panel: it gets the panel's name and an element. All share one probe and one input."""
    probe, inputs = CurrentProbe(page), Inputs(page)
    return lambda name, place: SectionsPanel(name, place, page, probe, inputs).set_visible
