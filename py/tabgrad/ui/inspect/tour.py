"""The guided tour: six steps, each with its own address (#tour-3), which a teacher can share.

Owns the card with the text, the room that the card needs, and the frame around what the text is about.
"""

from __future__ import annotations

from tabgrad.alphabet import DIGITS
from tabgrad.interop import dom

from ..context import TRY_AN_EXAMPLE, PageContext
from ..tabs import Tabs
from ..widgets.controls import Button
from .tour_steps import STEPS

#: What a visitor does who looks around: from then on the page does not scroll by itself.
LOOKING_AROUND = "wheel touchmove pointerdown keydown"


class Tour:
    """Shows the panels of `tabs`. Without the panel of a step, its text is shown alone."""

    def __init__(self, page: PageContext, tabs: Tabs) -> None:
        self._page, self._tabs = page, tabs
        self._number = 0  # of the step that is shown; 0 if none is
        self._target: dom.Element | None = None
        self._growth = list[dom.SizeWatch]()
        self._hand = dom.on_page(LOOKING_AROUND, self._on_hand)
        self._focused_before: dom.Element | None = None
        names = {"class_": "tour", "role": "dialog", "aria_labelledby": "tour-title"}
        self._card = card = dom.create("div", dom.by_id("work"), **names)
        self._place = dom.create("p", card, class_="tour-place")
        self._title = dom.create("h2", card, id="tour-title", tabindex="-1", class_="tour-title")
        self._text = dom.create("p", card, data_testid="tour-text")
        row = dom.create("div", card, class_="tour-buttons")
        self._skip = Button(row, "Leave", lambda: self.show(0), "tour-skip")
        self._example = Button(row, TRY_AN_EXAMPLE, page.try_example, "tour-example")
        self._back = Button(row, "Back", lambda: self.show(self._number - 1), "tour-back")
        self._next = Button(row, "Next", lambda: self.show(self._number + 1), "tour-next", "text-button")
        self._listener = dom.Listener(card, "keydown", self._on_key)
        card.hidden = True
        self._sizes = [dom.SizeWatch(element, self._make_room) for element in (card, dom.by_id("bench"))]

    def show(self, number: int) -> None:
        """Show step `number`, from 1 on. Any other number ends the tour."""
        self._frame(None)
        if not 1 <= number <= len(STEPS):
            self._leave()
            return
        if not self._number:
            self._focused_before = dom.focused()
            self._page.bench.make_room()
        self._number, step = number, STEPS[number - 1]
        if self._tabs.has(step.panel):
            self._tabs.show(step.panel)
        self._place.textContent = f"Step {number} of {len(STEPS)}"
        knows_digits = self._page.alphabet == DIGITS
        text = step.text if knows_digits or not step.of_others else step.of_others
        self._title.textContent, self._text.textContent = step.title, text
        self._example.element.hidden = not step.needs_ink or not knows_digits
        self._back.enable(number > 1)
        self._next.element.textContent = "Done" if number == len(STEPS) else "Next"
        self._card.hidden = False
        self._make_room()
        self._page.address.set_step(number)
        target = step.target or f"[data-testid=inside-{step.section}]"
        for section in dom.select(target) if step.section else []:
            section.open = True
        self._frame(target)
        self._title.focus(preventScroll=True)

    def _make_room(self) -> None:
        """Tell the styles how much room the card takes, so that it covers nothing."""
        root = dom.root()
        root.toggleAttribute("data-touring", bool(self._number))
        root.style.setProperty("--tour-height", f"{self._card.offsetHeight}px")

    def _frame(self, selector: str | None) -> None:
        """Draw a frame around the first match of a CSS selector, and scroll to it; None removes the frame."""
        self._stay()
        if self._target is not None:
            self._target.removeAttribute("data-tour")
        self._target = next(iter(dom.select(selector)), None) if selector else None
        if self._target is not None:
            self._target.setAttribute("data-tour", "")
            # A panel that is opened for the first time grows while it is filled, and so does what is before it.
            growing = (self._target, dom.by_id("keep"))
            self._growth = [dom.SizeWatch(element, self._target.scrollIntoView) for element in growing]
            self._target.scrollIntoView()

    def _stay(self) -> None:
        """Scroll no more by itself."""
        for watch in self._growth:
            watch.remove()
        self._growth = []

    def _on_hand(self, event: dom.Event) -> None:
        if event.type != "keydown" or dom.closest(event.target, ".tour") is None:  # keys in the card go to a step
            self._stay()

    def _leave(self) -> None:
        self._number = 0
        self._card.hidden = True
        self._make_room()
        self._page.address.set_tab(self._tabs.name)
        if self._focused_before is not None:
            self._focused_before.focus()

    def _on_key(self, event: dom.Event) -> None:
        moves = {"Escape": 0, "ArrowRight": self._number + 1, "ArrowLeft": max(1, self._number - 1)}
        if event.key in moves:
            event.preventDefault()
            self.show(moves[event.key])
