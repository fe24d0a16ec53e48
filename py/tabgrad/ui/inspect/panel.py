"""A panel of sections that open one by one and follow the pen.

Owns the order of updates: the answer on the page comes first; then one section a frame, the one that is furthest
behind, and only sections that are open and visible. Computes nothing itself.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from tabgrad.interop import dom
from tabgrad.storage import keys

from ..context import PageContext
from ..faults import FAULTS
from ..tabs import Shown
from ..theme import is_dark
from .section import MIN_READ_INTERVAL_S, CurrentProbe, Inputs, InspectContext, Section, ViewState
from .sections.registry import SECTIONS

#: If updating a section takes longer than this, the engine is slow. Milliseconds.
SLOW_MS = 12.0


class SectionView:
    """A section in its `details` element, open until the visitor closes it. Built when it is first open and visible."""

    def __init__(self, parent: dom.Element, section: Section, opened: Callable[[], None]) -> None:
        self.section = section
        self._key = keys.SECTION_PREFIX + section.name
        self._details = dom.create("details", parent, class_="inside-section", data_testid=f"inside-{section.name}")
        self._details.open = dom.stored(self._key) != "closed"
        summary = dom.create("summary", self._details)
        dom.create("h3", summary, text=section.title)
        dom.create("p", self._details, text=section.lead, class_="lead")
        self._body = dom.create("div", self._details, class_="inside-body")
        self._fault = dom.create("p", self._details, class_="fault", role="status")
        self._built = False
        self._opened = opened
        self.version = 0  #: the panel's version that it shows
        self._listener = dom.Listener(self._details, "toggle", self._toggled)

    def _toggled(self, _event: dom.Event) -> None:
        dom.store(self._key, "open" if self.is_open else "closed")
        if self.is_open:
            self._opened()

    @property
    def is_open(self) -> bool:
        return bool(self._details.open)

    async def update(self, state: ViewState) -> None:
        """Show this state, or one sentence that says why it cannot be shown."""
        if not self._built:
            self._built = True
            self.section.build(self._body)
        if state.probe is None and self.section.needs_network:
            self._fault.textContent = "There is no network to look into yet."
            return
        try:
            await self.section.update(state)
            self._fault.textContent = ""
        except FAULTS as error:
            self._fault.textContent = f"{error} The answer above is not affected."


class SectionsPanel:
    """Shows the sections of the panel `name` in `place`, one below the other."""

    def __init__(self, name: str, place: dom.Element, page: PageContext, probe: CurrentProbe, inputs: Inputs) -> None:
        self._place, self._page, self._probe = place, page, probe
        self._visible = False
        self._version = 0  # goes up whenever there is something new to show
        self._frame = asyncio.Event()
        self._frames = dom.Frames(self._frame.set)
        self._task: asyncio.Task[None] | None = None
        self._reread: asyncio.TimerHandle | None = None
        context = InspectContext(page, probe, inputs, self.refresh)
        self._views = [SectionView(place, section, self.refresh) for section in SECTIONS[name](context)]
        page.watchers.append(self.refresh)

    def set_visible(self, visible: bool) -> None:
        self._visible = visible
        self.refresh()

    def refresh(self) -> None:
        """Show the current state of the page, from the next frame on."""
        self._version += 1
        if self._visible and self._task is None:
            self._task = asyncio.ensure_future(self._work())

    def _behind(self) -> SectionView | None:
        """The open section that is furthest behind; None if all are up to date."""
        behind = [view for view in self._views if view.is_open and view.version < self._version]
        return min(behind, key=lambda view: view.version, default=None)

    async def _work(self) -> None:
        try:
            await self._next_frame()
            while self._visible and (view := self._behind()) is not None:
                begin_ms = dom.now_ms()
                await self._update(view)
                spent_ms = dom.now_ms() - begin_ms
                # Answers to new ink come first: on a slow engine, sections take at most a quarter of the time.
                if spent_ms > SLOW_MS:
                    await asyncio.sleep(3 * spent_ms / 1e3)
                await self._next_frame()
            if self._visible:  # for tests: all of the panel shows this prediction
                self._place.dataset.shows = str(dom.root_dataset().predictions)
        finally:
            self._task = None

    async def _next_frame(self) -> None:
        self._frame.clear()
        self._frames.request()
        await self._frame.wait()

    async def _update(self, view: SectionView) -> None:
        view.version = self._version
        try:
            probe = await self._probe.get()
        except FAULTS:  # the device was lost: the page says so, and opens another one
            probe = None
        await view.update(ViewState(self._page.ink, self._page.latest, probe, is_dark()))
        if self._probe.is_stale and self._reread is None:
            self._reread = asyncio.get_running_loop().call_later(MIN_READ_INTERVAL_S, self._on_reread)

    def _on_reread(self) -> None:
        self._reread = None
        self.refresh()


def panel_builder(page: PageContext) -> Callable[[str, dom.Element], Shown]:
    """A function that builds a panel: it gets the panel's name and an element. All share one probe and one input."""
    probe, inputs = CurrentProbe(page), Inputs(page)
    return lambda name, place: SectionsPanel(name, place, page, probe, inputs).set_visible
