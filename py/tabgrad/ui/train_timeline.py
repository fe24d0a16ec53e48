"""A slider over the checkpoints of a run: moves the network that answers back in time, and forward again.

Owns the checkpoints' weights in memory; old ones are thinned out so that any run fits.
"""

from __future__ import annotations

from collections.abc import Callable

from tabgrad.interop import dom

from .train_data import Moment, percent, thinned


class Timeline:
    """`chosen` is called with a moment, or with None when the slider is at the end and follows the run."""

    def __init__(self, parent: dom.Element, chosen: Callable[[Moment | None], object]) -> None:
        self._chosen = chosen
        self.moments: list[Moment] = []
        self._box = dom.create("div", parent, class_="train-timeline")
        label = dom.create("label", self._box, for_="train-time", text="Back in time")
        self._slider = dom.create(
            "input", self._box, id="train-time", type="range", min="0", max="0", step="1", data_testid="train-time"
        )
        self._note = dom.create("output", self._box, for_="train-time", class_="figures", data_testid="train-time-note")
        label.className = "field-label"
        self._listener = dom.Listener(self._slider, "input", lambda _event: self._moved())
        self.clear()

    @property
    def follows(self) -> bool:
        """True while the slider is at its end: the newest weights are shown."""
        return int(self._slider.value) >= len(self.moments) - 1

    def clear(self) -> None:
        """Begin a new run."""
        self.moments = []
        self._slider.max = self._slider.value = "0"
        self._box.hidden = True

    def add(self, moment: Moment) -> None:
        """A checkpoint was made; one of the same step takes its place. A slider at the end stays at the end."""
        follows = self.follows
        kept = [one for one in self.moments if one.step != moment.step]
        self.moments = thinned([*kept, moment])
        self._slider.max = str(len(self.moments) - 1)
        if follows:
            self._slider.value = self._slider.max
            self._describe(moment)
        self._box.hidden = len(self.moments) < 2

    def _moved(self) -> None:
        moment = self.moments[min(int(self._slider.value), len(self.moments) - 1)]
        self._describe(moment)
        self._chosen(None if self.follows else moment)

    def _describe(self, moment: Moment) -> None:
        text = f"epoch {moment.epoch:.2f}: {percent(moment.accuracy)} on validation"
        self._note.textContent = text
        self._slider.setAttribute("aria-valuetext", text)
