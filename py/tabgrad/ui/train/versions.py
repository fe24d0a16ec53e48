"""Which version of the run's network answers: the newest weights, or those that the time slider is at.

Also for a run of an earlier visit, whose network is built only when the slider moves. Knows no document.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from tabgrad.artifacts import RunRow, TimelineEntry, WeightsFile, load_weights
from tabgrad.network import WeightsError
from tabgrad.program import ProgramError
from tabgrad.settings import RunSettings

from ..tasks import Do
from .state import RunState, version_name
from .trained_models import TrainedModels


class Say(Protocol):
    """Shows a sentence about the run."""

    def __call__(self, sentence: str, *, error: bool = False) -> None: ...


class Versions:
    """`changed` gets the parts of the state that views have to show again; `do` runs a coroutine."""

    def __init__(
        self,
        state: RunState,
        models: TrainedModels,
        *,
        say: Say,
        changed: Callable[..., None],
        do: Do,
    ) -> None:
        self._state, self._models = state, models
        self._say, self._changed, self._do = say, changed, do
        self._ended: RunSettings | None = None  # of a run of an earlier visit whose network is not brought back yet

    def begin(self) -> None:
        """Another run begins, or none is shown any more."""
        self._ended = None

    def move_to(self, position: int) -> None:
        """Answer with the network of another entry of the timeline."""
        self._state.timeline.move_to(position)
        self._changed("timeline", "progress")
        if self._ended is not None:
            self._say("Bringing the network of that run back …")
            self._do(self._bring_back(self._ended))
            self._ended = None
        self.answer()
        self._show()

    def move_to_newest(self) -> None:
        """Answer with the newest weights, if the slider is back in time."""
        if self._state.back is not None:
            self.move_to(len(self._state.timeline.entries))

    def answer(self) -> None:
        """Answer with the weights of the timeline's entry; at its end those are the newest."""
        state, entry = self._state, self._state.timeline.entry
        try:
            if entry is None or state.timeline.at_end:
                state.answering = state.weights
            else:
                state.answering = load_weights(entry.weights)
            if state.answering is not None:
                self._models.set_weights(state.answering)
        except WeightsError as error:
            self._say(str(error), error=True)
        self._changed("weights")

    def follow_timeline(self) -> None:
        """The entry that answers may have been thinned out: the next one answers then."""
        back, answering = self._state.back, self._state.answering
        if back is not None and answering is not None and answering.data is not back.weights:
            self.answer()
            self._show(pick=False)

    def recall(self, row: RunRow, weights: WeightsFile, entries: list[TimelineEntry]) -> None:
        """Show the timeline of a run of an earlier visit. Its network is built when the slider moves."""
        self._ended = RunSettings.stored(row["settings"])
        self._state.weights = self._state.answering = weights
        self._state.timeline.restore(entries, f"run {row['number']}", row.get("origin", ""))
        self._changed("timeline", "weights")

    async def _bring_back(self, settings: RunSettings) -> None:
        """The network of a finished run answers again, at the slider's position."""
        try:
            program = await self._models.program(settings)
        except ProgramError as error:
            self._say(str(error), error=True)
            return
        weights = self._state.weights
        if weights is not None and self._state.status in ("none", "ready"):  # else another run has begun meanwhile
            self._say("")
            await self._models.bring_back(program, weights, settings)
            self.answer()
            self._show()

    def _show(self, *, pick: bool = True) -> None:
        """Model picker and status line say which version answers, and how well."""
        state = self._state
        if state.back is not None:
            self._models.show_version(version_name(state.back), state.timeline.back(), pick=pick)
        else:
            ended = f"{self._models.title} answers now: {state.ending}." if state.ending else ""
            self._models.show_version("", ended, pick=pick)
