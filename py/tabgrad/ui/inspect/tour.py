"""The guided tour: six steps, each with an address of its own (#tour-3), for one reader or a whole class.

Owns the card with the words and the frame around what they speak of; opens panels through the page.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from tabgrad.interop import dom, page

PREFIX = "tour-"
#: By then a panel that is opened for the first time has its contents. Seconds.
SETTLED_S = 0.4


@dataclass(frozen=True, slots=True)
class TourStep:
    """One step: `panels` names those that show it, the first one that the page has; `target` is what to look at."""

    title: str
    text: str
    target: str
    panels: tuple[str, ...] = ()
    section: str = ""


STEPS = (
    TourStep(
        "Draw",
        "Draw a digit on the pad. The ten bars say how much the network believes in each digit, and follow your pen.",
        "#draw",
    ),
    TourStep(
        "What it sees",
        "Your ink is scaled, centred and turned into 784 grey pixels: nothing else reaches the network. Switch a step "
        "off, draw small in a corner, and watch the answer fail.",
        "[data-testid=inside-ink]",
        ("inside",),
        "ink",
    ),
    TourStep(
        "Layers",
        "Each unit compares those pixels with a pattern of its own, and votes for the digits that it fits. The answer "
        "is the digit with the largest sum of votes. Point at a unit to follow it.",
        "[data-testid=inside-layers]",
        ("inside",),
        "layers",
    ),
    TourStep(
        "Train",
        "Where do the patterns come from? Press Train: a network that knows nothing looks at thousands of digits and "
        "changes its numbers a little after each batch. Keep drawing meanwhile: it answers already.",
        "#panel-train",
        ("train",),
    ),
    TourStep(
        "Mistakes",
        "No network is always right. Measure it on ten thousand images that it has never seen, and look at those that "
        "it got wrong: would you have known?",
        "[data-testid=inside-mistakes]",
        ("data",),
        "mistakes",
    ),
    TourStep(
        "The code",
        "All of this is Python: a network is a few lines of it, which tinygrad turns into small programs for your "
        "machine. Here they are: press one to read it, and measure what it costs.",
        "#panels",
        ("python", "kernels"),
    ),
)


class Tour:
    """`has` says whether the page has a panel, `open_panel` opens one, and a section in it unless that is empty."""

    def __init__(self, has: Callable[[str], bool], open_panel: Callable[[str, str], object]) -> None:
        self._has, self._open = has, open_panel
        self._at = -1
        self._target: dom.Element | None = None
        self._scroll: asyncio.TimerHandle | None = None
        self._before: dom.Element | None = None
        self._card = card = dom.create(
            "div", dom.by_id("panels").parentElement, class_="tour", role="dialog", aria_labelledby="tour-title"
        )
        self._place = dom.create("p", card, class_="tour-place")
        self._title = dom.create("h2", card, id="tour-title", tabindex="-1", class_="tour-title")
        self._text = dom.create("p", card, data_testid="tour-text")
        row = dom.create("div", card, class_="tour-buttons")
        self._buttons = {
            name: dom.create("button", row, text=text, type="button", class_=look, data_testid=f"tour-{name}")
            for name, text, look in (
                ("skip", "Leave", "quiet-button"),
                ("back", "Back", "quiet-button"),
                ("next", "Next", "text-button"),
            )
        }
        self._listeners = [
            dom.Listener(row, "click", self._on_click),
            dom.Listener(card, "keydown", self._on_key),
        ]
        card.hidden = True

    def show(self, number: int) -> None:
        """Go to step `number`, 1 to 6; any other number ends the tour."""
        self._frame(None)
        if not 1 <= number <= len(STEPS):
            self._leave()
            return
        if self._at < 0:
            self._before = dom.focused()
        self._at = number - 1
        stop = STEPS[self._at]
        name = next((name for name in stop.panels if self._has(name)), "")
        if name:
            self._open(name, stop.section)
        self._place.textContent = f"Step {number} of {len(STEPS)}"
        self._title.textContent, self._text.textContent = stop.title, stop.text
        self._buttons["back"].disabled = number == 1
        self._buttons["next"].textContent = "Done" if number == len(STEPS) else "Next"
        self._card.hidden = False
        page.replace_fragment(f"{PREFIX}{number}")
        self._frame(stop.target)
        self._title.focus()

    def _frame(self, selector: str | None) -> None:
        """Mark what the step is about, or nothing."""
        if self._scroll:
            self._scroll.cancel()
        if self._target is not None:
            self._target.removeAttribute("data-tour")
        self._target = dom.select(selector)[0] if selector else None
        if self._target is not None:
            self._target.setAttribute("data-tour", "")
            self._target.scrollIntoView()
            # Panels that are opened for the first time grow above the target while they fill.
            self._scroll = asyncio.get_running_loop().call_later(SETTLED_S, self._target.scrollIntoView)

    def _leave(self) -> None:
        self._at = -1
        self._card.hidden = True
        page.replace_fragment("")
        if self._before is not None:
            self._before.focus()

    def _on_click(self, event: dom.Event) -> None:
        button = dom.closest(event.target, "button")
        if button is not None:
            self._go(dom.data(button, "testid").removeprefix("tour-"))

    def _on_key(self, event: dom.Event) -> None:
        moves = {"Escape": "skip", "ArrowRight": "next", "ArrowLeft": "back"}
        if event.key in moves:
            event.preventDefault()
            self._go(moves[event.key])

    def _go(self, move: str) -> None:
        """One step on or back; "next" on the last step, like "skip", ends the tour."""
        here = self._at + 1
        self.show({"next": here + 1, "back": max(1, here - 1), "skip": 0}[move])


def step_in(fragment: str) -> int | None:
    """The step that an address's fragment names; None if it is about something else."""
    number = fragment.removeprefix(PREFIX)
    return int(number) if fragment.startswith(PREFIX) and number.isdecimal() else None
