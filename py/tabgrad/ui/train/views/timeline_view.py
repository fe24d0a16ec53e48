"""The slider over a run's timeline, with the confusion matrix of the entry that it stands at."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from tabgrad.interop import dom

from ...widgets.confusion_table import ConfusionTable
from ...widgets.format import percent
from ..state import RunState

TITLE = "Back in time"
HINT = (
    "Moves the network that answers, its weights, its mistakes and the answer to your drawing. Kept in this browser "
    "until another run takes its place."
)


class TimelineView:
    """`moved` gets the slider's position, an index into the entries of the timeline."""

    def __init__(self, parent: dom.Element, moved: Callable[[int], object]) -> None:
        self._box = dom.create("section", parent, class_="train-timeline", aria_label="The run, epoch by epoch")
        side = dom.create("div", self._box)
        self._label = dom.create("label", side, for_="train-time", class_="field-label")
        self._slider = dom.create(
            "input", side, id="train-time", type="range", min="0", max="0", step="1", data_testid="train-time"
        )
        self._note = dom.create("output", side, for_="train-time", class_="figures", data_testid="train-time-note")
        dom.create("p", side, text=HINT, class_="field-hint")
        self._frame = dom.create("div", self._box, class_="train-confusion")
        self._confusion = ConfusionTable(self._frame, None, "train-confusion")
        self._listener = dom.Listener(self._slider, "input", lambda _event: moved(int(self._slider.value)))

    def render(self, state: RunState) -> None:
        """Slider, accuracy and confusion matrix."""
        timeline, entry = state.timeline, state.timeline.entry
        self._label.textContent = f"{TITLE}: {timeline.run}" if timeline.run else TITLE
        self._slider.max = str(max(0, len(timeline.entries) - 1))
        self._slider.value = str(timeline.position)
        self._slider.disabled = len(timeline.entries) < 2
        self._box.hidden = entry is None
        if entry is None:
            return
        text = f"epoch {entry.epoch:.2f}: {percent(entry.accuracy, 2)} on validation"
        self._note.textContent = text
        self._slider.setAttribute("aria-valuetext", text)
        self._frame.hidden = not len(entry.confusion)
        if len(entry.confusion):
            self._confusion.show(np.array(entry.confusion, np.int64))
