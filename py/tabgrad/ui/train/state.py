"""The state of a run as the page knows it: what the worker's events have told. Plain data, no document.

`RunState.take` is the only place where an event changes it; it returns the parts that a view has to show again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from tabgrad import protocol
from tabgrad.artifacts import Curves, TimelineEntry, WeightsFile, load_weights, thinned
from tabgrad.backends.engines import ENGINE_TITLES

from ..widgets.format import percent, with_interval

#: What a run can be in; also `documentElement.dataset.worker`.
Status = Literal["none", "loading", "ready", "training", "paused", "finished", "failed"]
#: A part of the state that has a view of its own.
Part = Literal["status", "message", "announcement", "progress", "curves", "timeline", "weights", "runs"]
_ENDINGS: Mapping[str, str] = {
    "completed": "Finished",
    "stopped": "Stopped",
    "early": "Stopped early, at the best epoch, because it got no better",
}
#: What a program of the worker is for.
_PURPOSES: Mapping[str, str] = {"train": "training", "evaluate": "measuring"}


class StatusMessage(NamedTuple):
    """A sentence about the run. With `busy` it says what the worker is doing, until steps are done again."""

    text: str = ""
    is_error: bool = False
    busy: bool = False


class Timeline:
    """The entries of a run's timeline, and which of them answers.

    `entries` are in the order of their steps, thinned out so that any run fits into memory; `position` is the index of
    the entry that answers; `run` names a run that is over ("run 3"), empty for the run under way. `origin` names the
    network that the run began with, empty if it began with nothing learned.
    """

    def __init__(self) -> None:
        self.entries: list[TimelineEntry] = []
        self.position = 0
        self.run = self.origin = ""

    @property
    def at_end(self) -> bool:
        """True while the newest weights answer."""
        return self.position >= len(self.entries) - 1

    @property
    def entry(self) -> TimelineEntry | None:
        """The entry at the position; None if there are no entries."""
        return self.entries[self.position] if self.entries else None

    def clear(self) -> None:
        """Begin a new run."""
        self.entries, self.position, self.run, self.origin = [], 0, "", ""

    def restore(self, entries: Sequence[TimelineEntry], run: str = "", origin: str = "") -> None:
        """Take what an earlier visit has stored; the last entry answers."""
        self.entries, self.run, self.origin = list(entries), run, origin
        self.position = max(0, len(self.entries) - 1)

    def add(self, entry: TimelineEntry) -> None:
        """Append an entry, in the place of one of the same step. A position at the end stays at the end."""
        at_end, before = self.at_end, self.entry
        self.entries = thinned([*(one for one in self.entries if one.step != entry.step), entry])
        if at_end or before is None:
            self.position = len(self.entries) - 1
        else:  # the entry may have been thinned out: go to the next one then
            self.position = next(i for i, one in enumerate(self.entries) if one.step >= before.step)

    def move_to(self, position: int) -> None:
        """Let another entry answer. A position beyond the end is the end."""
        self.position = max(0, min(position, len(self.entries) - 1))

    def back(self) -> str:
        """Which earlier version answers, as a sentence; empty while the newest weights do."""
        entry = self.entry
        if entry is None or self.at_end:
            return ""
        where = version_name(entry)
        if entry.step == 0:
            where += ", before this run" if self.origin else ", before it learned anything"
        return f"Back at {where}: right on {percent(entry.accuracy, 2)} of the validation images."


def version_name(entry: TimelineEntry) -> str:
    """What an entry of the timeline is called: "epoch 1.00", and "epoch 0" before the first step."""
    return f"epoch {entry.epoch:.2f}" if entry.step else "epoch 0"


@dataclass
class RunState:
    """`weights` are the newest of the run, `answering` those that answer drawings: older ones while the timeline is
    back in time. `ready` tells engine and data, `result` is there once the run has ended. `announcement` is for screen
    readers, which are told of a run's beginning, middle and end, and of faults.

    The figures of a run stay until the next one begins; its weights stay until the next one has its own.
    """

    status: Status = "none"
    message: StatusMessage = field(default_factory=StatusMessage)
    announcement: str = ""
    preparing: bool = False
    progress: protocol.Progress | None = None
    latest_validation_accuracy: float | None = None
    ready: protocol.Ready | None = None
    result: protocol.Finished | None = None
    weights: WeightsFile | None = None
    answering: WeightsFile | None = None
    samples_per_s: float = 0.0
    curves: Curves = field(default_factory=Curves)
    steps_per_epoch: float = 1.0
    timeline: Timeline = field(default_factory=Timeline)

    @property
    def back(self) -> TimelineEntry | None:
        """The entry of the timeline that answers while the slider is back in time; None while the newest weights do."""
        return None if self.timeline.at_end else self.timeline.entry

    @property
    def validation_accuracy(self) -> float | None:
        """The latest one, or that of the version that answers."""
        return self.back.accuracy if self.back else self.latest_validation_accuracy

    @property
    def ending(self) -> str:
        """How well the network does at the end of its run, as the end of a sentence; empty before."""
        result = self.result
        if result is None:
            return ""
        return f"right on {with_interval(result.test_accuracy, result.interval, result.tested)} of the test images"

    @property
    def under_way(self) -> bool:
        """Whether there is a run that has not ended."""
        return self.status in ("loading", "training", "paused")

    @property
    def warms_up(self) -> bool:
        """Whether the worker prepares before Train is pressed. What fails then is not shown: it fails again later."""
        return self.preparing and self.status == "none"

    @property
    def shown_status(self) -> Status:
        """The status as styles and automation see it: a worker that prepares counts as loading."""
        return "loading" if self.warms_up else self.status

    @property
    def engine_title(self) -> str:
        """What the page calls the engine in use; empty before it is known."""
        return ENGINE_TITLES.get(self.ready.engine, self.ready.engine) if self.ready else ""

    @property
    def _may_tell(self) -> bool:
        """Whether what the worker does may be told. Before a run it takes no other sentence's place."""
        return self.under_way or self.message.busy or not self.message.text

    def clear(self) -> frozenset[Part]:
        """Forget a run's figures: another one begins."""
        self.message, self.progress, self.latest_validation_accuracy = StatusMessage(), None, None
        self.ready = self.result = None
        self.samples_per_s = 0.0
        self.curves = Curves()
        self.timeline.clear()
        return frozenset({"message", "progress", "curves", "timeline"})

    def take(self, event: protocol.AnyEvent) -> frozenset[Part]:
        """Take in what an event tells of the run; returns the parts that have changed. Raises WeightsError."""
        changed: set[Part] = set()
        match event:
            case protocol.Progress():
                changed = self._take_progress(event)
            case protocol.Metrics():
                self.curves.extend(event)
                if event.validation_accuracy:
                    self.latest_validation_accuracy = event.validation_accuracy[-1]
                changed = {"curves", "progress"}
            case protocol.Weights():
                self.weights = load_weights(event.weights)  # shown once they answer
            case protocol.Checkpoint(end_of_epoch=True):
                accuracy, weights = event.validation_accuracy, event.weights
                self.timeline.add(TimelineEntry(event.step, event.epoch, accuracy, weights, event.confusion))
                changed = {"timeline", "progress"} if self.back else {"timeline"}
            case protocol.Ready():
                self.ready = event
                changed = {"progress"}
            case protocol.Finished():
                self.result, self.latest_validation_accuracy = event, event.validation_accuracy
                text = f"{_ENDINGS.get(event.reason, 'Ended')}: {self.ending}. The network is now among your runs."
                self.message = StatusMessage(text)
                changed = {"progress", "message"}
            case protocol.Notice():
                self.message = StatusMessage(event.message)
                changed = {"message"}
            case protocol.Busy() if event.what and self._may_tell:
                self.message = StatusMessage(f"{event.what} …", busy=True)
                changed = {"message"}
            case protocol.Compiled(source="compiled") if event.name != "infer" and self._may_tell:
                purpose = _PURPOSES.get(event.name, event.name)
                text = f"tinygrad wrote {event.kernels} kernels for {purpose} in {event.seconds:.1f} s."
                self.message = StatusMessage(text)
                changed = {"message"}
        return frozenset(changed)

    def _take_progress(self, event: protocol.Progress) -> set[Part]:
        self.progress = event
        self.samples_per_s = event.samples_per_s or self.samples_per_s
        self.steps_per_epoch = event.steps / event.epochs if event.epochs else 1.0
        if not self.message.busy:
            return {"progress"}
        self.message = StatusMessage()
        return {"progress", "message"}
