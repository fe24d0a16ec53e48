"""How the network has just read a digit: a headline, a picture of the network, and two cards that say what to do next.

Owns its elements and when they are brought up to date: after an answer, while it is in view, once a frame at most.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from tabgrad.alphabet import DIGITS
from tabgrad.interop import dom
from tabgrad.network import is_written

from ..context import PageContext
from ..faults import FAULTS
from ..inspect.network import NetworkView
from ..inspect.section import CurrentProbe, view_state
from ..widgets.controls import Button
from ..widgets.labels import known

EMPTY_OF_OTHERS = "This network knows {}. Draw one, and see how."
EMPTY = "This network reads digits. Draw one, and see how."
EXAMPLE = "This network has just read a digit. Here is how."
WRITTEN = "This is a network that you wrote. You can look at its layers."
YOURS, YOURS_OF_OTHERS = (f"This network has just read your {what}. Here is how." for what in ("digit", "drawing"))
PATTERNS = (
    "Nobody drew them. A network that knows nothing finds them by itself, in thousands of examples. You can watch: "
    "train one of your own, and draw while it learns."
)
FOOL_OF_OTHERS = "Draw one thing that looks like another. How far can you go before the network changes its mind?"
FOOL = "Draw a 4 that looks like a 9. How far can you go before the network says 9?"


class Intro:
    """`start` begins a run, `open_panel` gets the name of a panel to show."""

    def __init__(
        self,
        parent: dom.Element,
        page: PageContext,
        start: Callable[[], object],
        open_panel: Callable[[str], object],
    ) -> None:
        self._page, self._probe = page, CurrentProbe(page)
        self.element = root = dom.create("section", parent, class_="intro", aria_labelledby="intro-title")
        self._title = dom.create("h2", root, text=EMPTY, id="intro-title", class_="intro-title")
        self._title.dataset.testid = "intro-title"
        self._card = card = dom.create("div", root, class_="intro-card")
        self._network = NetworkView(card, lambda _stage, _unit, _pressed: None, "intro-network", short=True)
        self._fault = dom.create("p", card, class_="fault")
        cards = dom.create("div", root, class_="intro-cards")
        patterns, _ = _card(cards, "Where do the patterns come from?", PATTERNS)
        self._start = Button(patterns, "Train my own", start, "intro-train", "text-button")
        fool, self._fool = _card(cards, "Can you fool it?", FOOL)
        self._inside = Button(fool, "Look inside", lambda: open_panel("inside"), "intro-inside")
        self._mistakes = Button(fool, "Its mistakes", lambda: open_panel("data"), "intro-mistakes")
        self._inside.element.hidden = not page.address.shows("inside")
        self._mistakes.element.hidden = not page.address.shows("data")
        self._visible, self._is_behind = False, False
        self._frame = asyncio.Event()
        self._frames = dom.Frames(self._frame.set)
        self._task: asyncio.Task[None] | None = None
        page.watchers.append(self._refresh)

    def set_visible(self, visible: bool) -> None:
        """Show or hide it. While it is hidden it costs nothing."""
        self._visible, self.element.hidden = visible, not visible
        self._refresh()

    def _refresh(self) -> None:
        self._is_behind = True
        if self._visible and self._task is None:
            self._task = asyncio.ensure_future(self._work())

    async def _work(self) -> None:
        try:
            while self._visible and self._is_behind and self._is_settled:
                self._frame.clear()
                self._frames.request()
                await self._frame.wait()
                self._is_behind = False
                await self._update()
        finally:
            self._task = None

    @property
    def _is_settled(self) -> bool:
        """Whether an answer is on screen, or there is nothing to answer. Else the answer comes first."""
        page = self._page
        return page.model is not None and (page.ink.is_empty or page.latest is not None)

    async def _update(self) -> None:
        page = self._page
        if page.model is not None and is_written(page.model.card.get("spec") or {}):
            self._title.textContent, self._card.hidden = WRITTEN, True  # nobody knows how its layers are connected
            return
        self._card.hidden = False
        self._title.textContent = self._headline()
        self._fool.textContent = FOOL if page.alphabet == DIGITS else FOOL_OF_OTHERS
        try:
            probe = await self._probe.get()
            if probe is not None:
                await self._network.update(view_state(page, probe))
            self._fault.textContent = ""
        except FAULTS as error:
            self._fault.textContent = str(error)

    def _headline(self) -> str:
        page = self._page
        if page.latest is None and page.example is None:
            return EMPTY if page.alphabet == DIGITS else EMPTY_OF_OTHERS.format(known(page.alphabet))
        if page.latest is None:
            return EXAMPLE
        return YOURS if page.alphabet == DIGITS else YOURS_OF_OTHERS


def _card(parent: dom.Element, title: str, text: str) -> tuple[dom.Element, dom.Element]:
    """A card with a heading and a paragraph; returns the row for its buttons, and the paragraph."""
    card = dom.create("div", parent, class_="intro-card")
    dom.create("h3", card, text=title)
    paragraph = dom.create("p", card, text=text, class_="text-muted")
    return dom.create("div", card, class_="intro-buttons"), paragraph
