"""Beside the pad: a button for each class, which keeps the drawing in the visitor's own test set. Owns its elements."""

from __future__ import annotations

from tabgrad.alphabet import DIGITS, Labels
from tabgrad.incoming import unexpected
from tabgrad.interop import dom

from ...context import PageContext
from ...faults import FAULTS
from ...tasks import Tasks
from ...widgets.class_buttons import ClassButtons
from ..section import BesideThePad, ViewState
from .own import FaultLine, OwnDrawings
from .own_reading import Reading

TITLE, TITLE_OF_OTHERS = "This drawing is a …", "This drawing is …"


class KeepBar(BesideThePad):
    """The buttons, what the last press did, and how many drawings there are."""

    def __init__(self, page: PageContext, own: OwnDrawings) -> None:
        self._page, self._own = page, own
        self._tasks = Tasks(self._failed)
        self._labels: Labels = DIGITS  # of the buttons

    def build(self, body: dom.Element) -> None:
        """See `BesideThePad`."""
        bar = dom.create("div", body, class_="keep-bar", role="group", aria_labelledby="keep-title")
        self._title = dom.create("p", bar, text=TITLE, id="keep-title", class_="keep-title")
        self._classes = ClassButtons(bar, self._keep, "mine-add")
        self._classes.show(DIGITS, [0] * len(DIGITS))
        line = dom.create("p", bar, class_="keep-line")
        self._said = dom.create("span", line, role="status", data_testid="mine-said")
        self._fault = FaultLine(self._said)
        self._count = dom.create("span", line, data_testid="mine-kept")

    async def update(self, state: ViewState) -> None:
        """See `BesideThePad`."""
        await self._own.load(state.labels)
        self._fault.show(self._own.fault)
        try:
            reading = await self._own.read(state.probe)
        except FAULTS:  # the section says what it is
            reading = Reading(self._own.store.labels, list(self._own.drawings), (), None)
        if reading.labels != self._labels:
            self._said.textContent = ""  # of another network's class
        self._labels = reading.labels
        self._title.textContent = TITLE if reading.labels == DIGITS else TITLE_OF_OTHERS
        self._classes.show(reading.labels, reading.counts)
        self._count.textContent = reading.summary()

    def _keep(self, place: int) -> None:
        self._tasks.do(self._keep_drawing(place))

    async def _keep_drawing(self, place: int) -> None:
        self._said.textContent = await self._own.keep_drawing(self._labels, place)

    def _failed(self, error: BaseException) -> None:
        self._said.textContent = f"An error in the page stopped this ({unexpected(error)}). Try again."
