"""The guided tour: six steps, each with its own address (#tour-3), which a teacher can share.

Owns the card with the text, and the frame around what the text is about. Shows panels through a callback.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from tabgrad.interop import dom
from tabgrad.interop.page import replace_fragment

from ..widgets.controls import Button

#: A panel that is opened for the first time is filled after this time. Seconds.
SETTLED_S = 0.4


@dataclass(frozen=True, slots=True)
class TourStep:
    """One step. It is about a `section`, which it opens, or about what the CSS selector `target` finds.

    `panel` is shown first, if it is named.
    """

    title: str
    text: str
    panel: str = ""
    section: str = ""
    target: str = ""


STEPS = (
    TourStep(
        "Draw",
        "Draw a digit on the pad. The ten bars show how sure the network is of each digit. They change while you draw.",
        target="#draw",
    ),
    TourStep(
        "What it sees",
        "Your drawing is scaled, centred and turned into 784 grey pixels. The network sees nothing else. Switch a step "
        "off, draw a small digit in a corner, and watch the answer go wrong.",
        "inside",
        "ink",
    ),
    TourStep(
        "Layers",
        "Each unit compares those pixels with its own pattern, and votes for the digits that match it. The digit with "
        "the largest sum of votes is the answer. Point at a unit to see its votes.",
        "inside",
        "layers",
    ),
    TourStep(
        "Train",
        "Where do the patterns come from? Press Train: a network that knows nothing looks at thousands of digits, one "
        "batch after another, and changes its numbers a little each time. You can draw meanwhile: it already answers.",
        "train",
        target="#panel-train",
    ),
    TourStep(
        "Mistakes",
        "No network is always right. Press Measure to test it on thousands of images that it has never seen, then look "
        "at the ones it got wrong. Would you have got them right?",
        "data",
        "mistakes",
    ),
    TourStep(
        "The code",
        "All of this is Python. A few lines describe a network, and tinygrad turns them into small programs for your "
        "machine, called kernels. Press one to read its code, or measure how long each one takes.",
        "code",
        target="#panels",
    ),
)


class Tour:
    """`show_panel` gets the name of a panel. A step's address is the fragment `prefix` and its number."""

    def __init__(self, show_panel: Callable[[str], object], prefix: str) -> None:
        self._show_panel, self._prefix = show_panel, prefix
        self._number = 0  # of the step that is shown; 0 if none is
        self._target: dom.Element | None = None
        self._scroll: asyncio.TimerHandle | None = None
        self._focused_before: dom.Element | None = None
        self._card = card = dom.create(
            "div", dom.by_id("panels").parentElement, class_="tour", role="dialog", aria_labelledby="tour-title"
        )
        self._place = dom.create("p", card, class_="tour-place")
        self._title = dom.create("h2", card, id="tour-title", tabindex="-1", class_="tour-title")
        self._text = dom.create("p", card, data_testid="tour-text")
        row = dom.create("div", card, class_="tour-buttons")
        self._skip = Button(row, "Leave", lambda: self.show(0), "tour-skip")
        self._back = Button(row, "Back", lambda: self.show(self._number - 1), "tour-back")
        self._next = Button(row, "Next", lambda: self.show(self._number + 1), "tour-next", "text-button")
        self._listener = dom.Listener(card, "keydown", self._on_key)
        card.hidden = True

    def show(self, number: int) -> None:
        """Show step `number`, from 1 on. Any other number ends the tour."""
        self._frame(None)
        if not 1 <= number <= len(STEPS):
            self._leave()
            return
        if not self._number:
            self._focused_before = dom.focused()
        self._number, step = number, STEPS[number - 1]
        if step.panel:
            self._show_panel(step.panel)
        self._place.textContent = f"Step {number} of {len(STEPS)}"
        self._title.textContent, self._text.textContent = step.title, step.text
        self._back.enable(number > 1)
        self._next.element.textContent = "Done" if number == len(STEPS) else "Next"
        self._card.hidden = False
        replace_fragment(f"{self._prefix}{number}")
        target = step.target or f"[data-testid=inside-{step.section}]"
        if step.section:
            dom.select(target)[0].open = True
        self._frame(target)
        self._title.focus()

    def _frame(self, selector: str | None) -> None:
        """Draw a frame around what matches a CSS selector; None removes the frame."""
        if self._scroll:
            self._scroll.cancel()
        if self._target is not None:
            self._target.removeAttribute("data-tour")
        self._target = dom.select(selector)[0] if selector else None
        if self._target is not None:
            self._target.setAttribute("data-tour", "")
            self._target.scrollIntoView()
            # Panels that are opened for the first time grow while they are filled, which moves the target.
            self._scroll = asyncio.get_running_loop().call_later(SETTLED_S, self._target.scrollIntoView)

    def _leave(self) -> None:
        self._number = 0
        self._card.hidden = True
        replace_fragment("")
        if self._focused_before is not None:
            self._focused_before.focus()

    def _on_key(self, event: dom.Event) -> None:
        moves = {"Escape": 0, "ArrowRight": self._number + 1, "ArrowLeft": max(1, self._number - 1)}
        if event.key in moves:
            event.preventDefault()
            self.show(moves[event.key])
