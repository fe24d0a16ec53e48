"""The events that the worker reports to the page, as one union. Nothing here sends them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from .commands import Message


@dataclass(frozen=True, slots=True, kw_only=True)
class Event(Message):
    """What all events have: `reply_to`, the id of the command that this answers, or 0."""

    reply_to: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted(Event):
    """The command is understood and under way or done."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Busy(Event):
    """The worker may not answer for up to `seconds`, because of `what` (a compilation). It is not to be ended."""

    what: str
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice(Event):
    """One sentence for the visitor about a fault that was repaired (the GPU was lost and opened again)."""

    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready(Event):
    """The engine is open. `engine` is its name, `description` the adapter or variant, `reason` why it was chosen;
    `data` says in words which images are used."""

    engine: str
    description: str
    reason: str = ""
    data: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Compiled(Event):
    """A program is ready: `source` is "prebuilt", "cache" or "compiled". `program` carries its JSON when the page
    asked for it (`Start.answer_target`)."""

    name: str
    source: str
    seconds: float
    kernels: int = 0
    program: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress(Event):
    """Where the run is. `state` is "training", "paused" or "evaluating"; `samples_per_s` is over the last second."""

    state: str
    step: int
    steps: int
    epoch: float
    epochs: float
    samples_per_s: float
    eta_s: float
    elapsed_s: float
    lr: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Metrics(Event):
    """Points to add to the curves. `step`, `loss`, `accuracy` are parallel lists of means over the training steps
    since the point before; the `validation_` ones likewise hold measurements, empty if there was none."""

    step: list[int]
    loss: list[float]
    accuracy: list[float]
    validation_step: list[int] = field(default_factory=list)
    validation_loss: list[float] = field(default_factory=list)
    validation_accuracy: list[float] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class Weights(Event):
    """The network as it is now, as a weights file."""

    step: int
    weights: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint(Event):
    """All that a resume needs, after `step` steps: a file of `artifacts.pack`.

    At the end of an epoch and of the run (`end_of_epoch`) it comes with what was measured there on the validation
    split, `validation_accuracy` (0..1) and `confusion` (10 rows of 10 counts, row = truth, column = answer), and with
    the network's `weights` as a weights file. Otherwise it is an autosave: `weights` and `confusion` are empty.
    """

    step: int
    epoch: float
    end_of_epoch: bool
    validation_accuracy: float
    checkpoint: bytes
    weights: bytes = b""
    confusion: list[list[int]] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished(Event):
    """The run is over: `reason` is "completed", "stopped" or "early"; accuracies are in 0..1, of the final weights.

    `interval` is the 95 % interval of the test accuracy, `seconds` the time spent training.
    """

    reason: str
    step: int
    epoch: float
    validation_accuracy: float
    test_accuracy: float
    interval: list[float]
    seconds: float
    settings: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed(Event):
    """Something went wrong: `message` is one sentence for the visitor. `kind` is "input" (a command was refused,
    the run goes on), "diverged", "device", "memory", "data" or "internal" (the run has ended)."""

    kind: str
    message: str


AnyEvent = Accepted | Busy | Notice | Ready | Compiled | Progress | Metrics | Weights | Checkpoint | Finished | Failed
