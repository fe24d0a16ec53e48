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
    """The worker may be deaf for up to `seconds`, because of `what` (a compilation): no reason to end it."""

    what: str
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice(Event):
    """One sentence for the visitor about something that was dealt with (the GPU was lost and opened again)."""

    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready(Event):
    """The engine is open. `engine` is its name, `description` the adapter or flavour, `reason` why it was chosen;
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
    """Where the run is. `state` is "training", "paused" or "evaluating"; rates are over the last moments."""

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
    """The network as it is now, as safetensors bytes under the names of the state dict."""

    step: int
    weights: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint(Event):
    """All that a resume needs (safetensors: weights, optimizer state, metadata), after `step` steps.

    With `milestone` an epoch or the run has just ended, and `validation_accuracy` (0..1) and `confusion` (10 rows of 10
    counts, row = truth, column = answer) were measured there; without it, this is only a safe point to go on from, and
    `confusion` is empty.
    """

    step: int
    epoch: float
    milestone: bool
    validation_accuracy: float
    checkpoint: bytes
    confusion: list[list[int]] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluated(Event):
    """A network measured on a split. `logits` is float32 (count, 10), `labels` uint8 (count,), both little-endian;
    `confusion[truth][answer]` counts images."""

    split: str
    count: int
    loss: float
    accuracy: float
    confusion: list[list[int]]
    logits: bytes
    labels: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported(Event):
    """The answer to Export: a safetensors file."""

    data: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleData(Event):
    """The answer to Samples: `pixels` is uint8 (count, 784), `labels` uint8 (count,)."""

    split: str
    indices: list[int]
    pixels: bytes
    labels: bytes


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


AnyEvent = (
    Accepted
    | Busy
    | Notice
    | Ready
    | Compiled
    | Progress
    | Metrics
    | Weights
    | Checkpoint
    | Evaluated
    | Exported
    | SampleData
    | Finished
    | Failed
)
