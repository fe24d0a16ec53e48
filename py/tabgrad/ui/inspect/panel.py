"""A panel of sections, opened one by one, that follow the pen after the bars have moved.

Owns the order of things: the answer on the page always goes first; then one section a frame, the one that is furthest
behind, with what is on the page by then; and only those that are open and seen. Computes nothing itself.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from tabgrad.interop import dom

from ..context import PageContext
from ..faults import FAULTS
from ..theme import is_dark
from .lens import WEIGHTS_EVERY_S, Lens
from .scene import Section, ViewState

#: Updates of a section that take longer than this mean a slow engine. Milliseconds.
SLOW_MS = 12.0


class SectionView:
    """A section in its `details` element; built when first opened."""

    def __init__(self, parent: dom.Element, section: Section, at_first: bool, opened: Callable[[], None]) -> None:
        self.section = section
        self._details = dom.create("details", parent, class_="inside-section", data_testid=f"inside-{section.name}")
        self._details.open = (dom.stored(f"inside.{section.name}") or ("open" if at_first else "closed")) == "open"
        summary = dom.create("summary", self._details)
        dom.create("h3", summary, text=section.title)
        dom.create("p", self._details, text=section.lead, class_="lead")
        self._body = dom.create("div", self._details, class_="inside-body")
        self._fault = dom.create("p", self._details, class_="fault", role="status")
        self._built = False
        self._opened = opened
        self.moment = 0  #: of the panel's moments, the one that it shows
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
        """Open it."""
        self._details.open = True

    async def update(self, scene: ViewState) -> None:
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


class SectionsPanel:
    """Builds itself in `place`. `open_at_first` names the sections that are open until the visitor closes them."""

    def __init__(self, desk: PageContext, lens: Lens, place: dom.Element) -> None:
        self._desk, self._lens, self._place = desk, lens, place
        self._views: dict[str, SectionView] = {}
        self._visible = False
        self._moment = 0  # counts what there was to show
        self._frames = dom.Frames(self._on_frame)
        self._frame: asyncio.Future[None] | None = None
        self._task: asyncio.Task[None] | None = None
        self._later: asyncio.TimerHandle | None = None
        desk.watchers.append(self.refresh)

    def add(self, sections: Sequence[Section], open_at_first: Sequence[str]) -> None:
        """Append sections."""
        for section in sections:
            view = SectionView(self._place, section, section.name in open_at_first, self.refresh)
            self._views[section.name] = view

    def open(self, name: str) -> None:
        """Open a section."""
        self._views[name].open()

    def shown(self, visible: bool) -> None:
        """The panel comes into view or leaves it."""
        self._visible = visible
        self.refresh()

    def refresh(self) -> None:
        """Show the present moment, from the next frame on."""
        self._moment += 1
        if self._visible and self._task is None:
            self._task = asyncio.ensure_future(self._work())

    def _behind(self) -> SectionView | None:
        """The open section that is furthest behind; None if all have caught up."""
        behind = [view for view in self._views.values() if view.is_open and view.moment < self._moment]
        return min(behind, key=lambda view: view.moment, default=None)

    async def _work(self) -> None:
        try:
            await self._next_frame()
            while self._visible and (view := self._behind()) is not None:
                begin = dom.now_ms()
                await self._update(view)
                spent_ms = dom.now_ms() - begin
                # The pen's own predictions come first: a slow engine is theirs for three quarters of the time.
                if spent_ms > SLOW_MS:
                    await asyncio.sleep(3 * spent_ms / 1e3)
                await self._next_frame()
            if self._visible:  # for automation: so many predictions are shown in all of the panel
                self._place.dataset.shows = str(dom.root_dataset().predictions)
        finally:
            self._task = None

    async def _next_frame(self) -> None:
        self._frame = asyncio.get_running_loop().create_future()
        self._frames.request()
        await self._frame

    def _on_frame(self) -> None:
        if self._frame is not None and not self._frame.done():
            self._frame.set_result(None)

    async def _update(self, view: SectionView) -> None:
        view.moment = self._moment
        try:
            probe = await self._lens.probe()
        except FAULTS:  # a device that was lost: the page says so, and opens another one
            probe = None
        await view.update(ViewState(self._desk.ink, self._desk.latest, probe, is_dark()))
        if self._lens.stale and self._later is None:
            self._later = asyncio.get_running_loop().call_later(WEIGHTS_EVERY_S, self._again)

    def _again(self) -> None:
        self._later = None
        self.refresh()
