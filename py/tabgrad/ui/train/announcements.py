"""What screen readers are told of a run: its beginning, its middle if it is long, and its end.

Figures and curves change many times a second; they are there to be read, not to be read out. Owns which stages have
been told. Knows no document.
"""

from __future__ import annotations

from collections.abc import Callable

from tabgrad import protocol

from ..widgets.format import percent
from .state import RunState

#: The middle of a run is told if that took at least this long. Seconds.
HALF_WAY_AFTER_S = 10.0


class Announcements:
    """`say` gets the sentences."""

    def __init__(self, say: Callable[[str], object]) -> None:
        self._say = say
        self._told = set[str]()

    def begin(self) -> None:
        """Another run begins."""
        self._told.clear()

    def follow(self, event: protocol.AnyEvent, state: RunState) -> None:
        """Tell what an event means for the run; `state` has taken it in."""
        match event:
            case protocol.Busy() if event.what:
                self._once("busy", f"{event.what}. This can take a minute.")
            case protocol.Notice():
                self._say(event.message)
            case protocol.Progress(state="training"):
                self._once("begun", "Training has begun.")
                accuracy = state.latest_validation_accuracy
                if accuracy is not None and event.elapsed_s >= HALF_WAY_AFTER_S and 2 * event.step >= event.steps:
                    self._once("half", f"Half way: right on {percent(accuracy, 2)} of the validation images.")

    def _once(self, stage: str, sentence: str) -> None:
        if stage not in self._told:
            self._told.add(stage)
            self._say(sentence)
