"""Beside the pad: ten buttons that keep the drawing as a digit of the visitor's own test set. Owns its elements.

The set holds digits: for a network that knows other classes there is a sentence in their place.
"""

from __future__ import annotations

from functools import partial

from tabgrad.alphabet import DIGITS
from tabgrad.incoming import unexpected
from tabgrad.interop import dom
from tabgrad.metrics import Results

from ...context import PageContext
from ...faults import FAULTS
from ...tasks import Tasks
from ...widgets.controls import Button
from ...widgets.labels import known
from ..section import BesideThePad, ViewState
from .own import FaultLine, OwnDrawings

TITLE = "This drawing is a …"
EMPTY = "Press its digit to keep it in your own test set."
OTHERS = "The network that answers knows {}. Keep drawings of them under “Draw your own alphabet”."


class KeepBar(BesideThePad):
    """The buttons, what the last press did, and how many drawings there are."""

    def __init__(self, page: PageContext, own: OwnDrawings) -> None:
        self._page, self._own = page, own
        self._tasks = Tasks(self._failed)

    def build(self, body: dom.Element) -> None:
        """See `BesideThePad`."""
        bar = dom.create("div", body, class_="keep-bar", role="group", aria_labelledby="keep-title")
        self._title = dom.create("p", bar, text=TITLE, id="keep-title", class_="keep-title")
        self._row = dom.create("div", bar, class_="digits")
        for digit, name in enumerate(DIGITS):
            button = Button(self._row, name, partial(self._keep, digit), f"mine-add-{digit}")
            button.element.setAttribute("aria-label", f"Keep it as a {name}")
        line = dom.create("p", bar, class_="keep-line")
        self._said = dom.create("span", line, role="status", data_testid="mine-said")
        self._fault = FaultLine(self._said)
        self._count = dom.create("span", line, data_testid="mine-kept")

    async def update(self, state: ViewState) -> None:
        """See `BesideThePad`."""
        await self._own.load()
        can_keep = state.labels == DIGITS
        self._title.hidden = self._row.hidden = not can_keep
        if not can_keep:
            self._said.textContent, self._count.textContent = "", OTHERS.format(known(state.labels))
            return
        self._fault.show(self._own.fault)
        try:
            results = await self._own.results(state.probe)
        except FAULTS:  # the section says what it is
            results = None
        self._count.textContent = summary(len(self._own.drawings), results)

    def _keep(self, digit: int) -> None:
        self._tasks.do(self._keep_drawing(digit))

    async def _keep_drawing(self, digit: int) -> None:
        self._said.textContent = await self._own.keep_drawing(digit)

    def _failed(self, error: BaseException) -> None:
        self._said.textContent = f"An error in the page stopped this ({unexpected(error)}). Try again."


def summary(count: int, results: Results | None) -> str:
    """ "12 kept, the network reads 11 of them", for `count` drawings."""
    if not count:
        return EMPTY
    if results is None:
        return f"{count:,} kept"
    right = len(results.labels) - results.errors
    return f"{count:,} kept \N{MIDDLE DOT} the network reads {right:,} of them"
