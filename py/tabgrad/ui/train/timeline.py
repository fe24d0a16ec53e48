"""A slider over the checkpoints of a run: moves the network that answers back in time, and what it takes for what.

Owns the checkpoints' weights in memory; old ones are thinned out so that any run fits.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from tabgrad.interop import dom

from ..widgets.confusion_table import ConfusionTable
from .data import Moment, percent, thinned

TITLE = "Back in time"


class Timeline:
    """`moved` is called when the visitor has moved the slider, to `moment`; at its end it `follows` the run."""

    def __init__(self, parent: dom.Element, moved: Callable[[], object]) -> None:
        self._told = moved
        self.moments: list[Moment] = []
        self._box = dom.create("section", parent, class_="train-timeline", aria_label="The run, epoch by epoch")
        side = dom.create("div", self._box)
        self._label = dom.create("label", side, for_="train-time", class_="field-label")
        self._slider = dom.create(
            "input", side, id="train-time", type="range", min="0", max="0", step="1", data_testid="train-time"
        )
        self._note = dom.create("output", side, for_="train-time", class_="figures", data_testid="train-time-note")
        hint = (
            "Moves the network that answers, its weights, its mistakes and the answer to your drawing. Kept in this "
            "browser until another run takes its place."
        )
        dom.create("p", side, text=hint, class_="field-hint")
        self._frame = dom.create("div", self._box, class_="train-confusion")
        self._confusion = ConfusionTable(self._frame, None, "train-confusion")
        self._listener = dom.Listener(self._slider, "input", lambda _event: self._moved())
        self.clear()

    @property
    def follows(self) -> bool:
        """True while the slider is at its end: the newest weights are shown."""
        return int(self._slider.value) >= len(self.moments) - 1

    def clear(self) -> None:
        """Begin a new run."""
        self._label.textContent = TITLE
        self._set([])
        self._slider.value = "0"

    def restore(self, moments: Sequence[Moment], run: str = "") -> None:
        """Go on where an earlier visit has stopped; `run` names a run that is over, as "run 3"."""
        self._label.textContent = f"{TITLE}: {run}" if run else TITLE
        self._set(list(moments))
        if moments:
            self._slider.value = self._slider.max
            self._describe(moments[-1])

    def add(self, moment: Moment) -> None:
        """A checkpoint was made; one of the same step takes its place. A slider at the end stays at the end."""
        follows, at = self.follows, self.moment
        self._set(thinned([*(one for one in self.moments if one.step != moment.step), moment]))
        if follows or at is None:
            self._slider.value = self._slider.max
            self._describe(moment)
        else:  # others may have been thinned out: the slider stays at its moment, or at the one after it
            self._slider.value = str(next(i for i, one in enumerate(self.moments) if one.step >= at.step))

    @property
    def moment(self) -> Moment | None:
        """Where the slider stands."""
        return self.moments[min(int(self._slider.value), len(self.moments) - 1)] if self.moments else None

    def _set(self, moments: list[Moment]) -> None:
        self.moments = moments
        self._slider.max = str(max(0, len(moments) - 1))
        self._slider.disabled = len(moments) < 2
        self._box.hidden = not moments

    def _moved(self) -> None:
        if (moment := self.moment) is not None:
            self._describe(moment)
            self._told()

    def _describe(self, moment: Moment) -> None:
        text = f"epoch {moment.epoch:.2f}: {percent(moment.accuracy)} on validation"
        self._note.textContent = text
        self._slider.setAttribute("aria-valuetext", text)
        self._frame.hidden = not len(moment.confusion)
        if len(moment.confusion):
            self._confusion.show(np.array(moment.confusion, np.int64))
