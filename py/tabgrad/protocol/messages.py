"""The messages between page and worker: the commands of the page and the events of the worker. Nothing here sends them.

A message is a frozen dataclass. Each command gets one answer, an event whose `reply_to` is the command's `id`: what it
asked for, `Accepted`, or `Failed`. Its effects follow as further events. Binary fields hold whole files (safetensors, a
checkpoint) and travel beside the JSON, so that a channel can transfer them without a copy. So do handles.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NewType

#: A file that the visitor has chosen, as the browser's own object: who reads it need not have all of it in memory.
Handle = NewType("Handle", object)
#: Raised with every incompatible change; page and worker come from one build, so a difference is a stale cache.
PROTOCOL_VERSION = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What all messages have: `id`, unique among its sender's messages and set when it is sent; 0 before."""

    id: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepare(Message):
    """Open the engine, fetch the first data and load the programs for `settings`, so that Start starts at once.

    With `answer_target`, as in Start, only a program for the page is made and sent: `program`, which is "infer", or
    for the network of a source also "activations" or "saliency".
    """

    settings: dict[str, Any]
    answer_target: str = ""
    program: str = "infer"


@dataclass(frozen=True, slots=True, kw_only=True)
class Compile(Message):
    """Make the network that the source in `settings` writes, for the page's engine `answer_target` (as in Start), with
    its first values for the seed; answered by Written. A run under way waits while it compiles.
    """

    settings: dict[str, Any]
    answer_target: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Assist(Message):
    """Ask what can be typed at a place of `source`, or with `hover` what the name there is; answered by Assisted.

    `line` counts from 1, `column` the characters before the place. Nothing of the source is run.
    """

    source: str
    line: int
    column: int
    hover: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Start(Message):
    """Begin a run with `settings`, or go on from `checkpoint`, whose own settings then count.

    A fresh run begins with the network in `weights` (a weights file), called `origin`, if there is one; else with
    weights drawn by the seed. `answer_target` names the programs that the page runs ("wgsl.default", "wasm.simd"): the
    worker sends the inference program of the network in training for that target. Empty: the page needs none.
    With `start_paused` the run waits for Resume or Step after the set-up.
    """

    settings: dict[str, Any] = field(default_factory=dict)
    checkpoint: bytes = b""
    weights: bytes = b""
    origin: str = ""
    answer_target: str = ""
    start_paused: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Pause(Message):
    """Pause the run after the chunk of steps in flight."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Resume(Message):
    """Go on with a paused run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step(Message):
    """Do one step of a paused run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop(Message):
    """End the run early; its result is evaluated and kept like that of a finished run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tune(Message):
    """Change settings that need no new program (learning rate, weight decay, ...) from the next chunk on."""

    values: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class SaveCheckpoint(Message):
    """Ask for a checkpoint of the run under way as it is now; answered by Checkpoint."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Import(Message):
    """Replace the weights of the current run by a safetensors file's; names and shapes must fit the network."""

    weights: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowProgram(Message):
    """Ask for the "train" or the "evaluate" program of the network that is loaded, to read; answered by Compiled."""

    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluate(Message):
    """Run Python in the console, between two chunks of steps if there is a run; answered by Evaluated.

    `image` is what is on the pad, float32 (28, 28); empty for paper.
    """

    code: str
    image: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class Complete(Message):
    """Ask the console what could stand at `cursor`, a place in `code`; answered by Completions."""

    code: str
    cursor: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Remember(Message):
    """Give the console the network that an earlier worker had: that of a `checkpoint`, or else of a `weights` file that
    names its settings. It is the console's while there is no run.
    """

    checkpoint: bytes = b""
    weights: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadData(Message):
    """Read `files` of the visitor's as a data set; answered by DataRead, with DataProgress on the way.

    `names` are what the files are called, with their folders. `choices` are values for guesses of an earlier DataRead.
    What was read before and not used is forgotten.
    """

    files: list[Handle]
    names: list[str]
    choices: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class UseData(Message):
    """Keep the data set that was read last, which is `set_id`, under this `name`; answered by DataKept.

    `labels` are other names of its classes, in the same order; empty for those that were read.
    """

    set_id: str
    name: str
    labels: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class DropData(Message):
    """Stop reading files and forget what was read; or forget the set `set_id`, which was in memory only."""

    set_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ping(Message):
    """Prove that the worker is alive; answered by Accepted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dispose(Message):
    """Forget the run and free its buffers; the worker stays ready for another."""


Command = (
    Prepare
    | Compile
    | Assist
    | Start
    | Pause
    | Resume
    | Step
    | Stop
    | Tune
    | SaveCheckpoint
    | Import
    | ShowProgram
    | Evaluate
    | Complete
    | Remember
    | ReadData
    | UseData
    | DropData
    | Ping
    | Dispose
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Event(Message):
    """What all events have: `reply_to`, the id of the command that this answers, or 0."""

    reply_to: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted(Event):
    """The command is understood and under way or done."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Busy(Event):
    """The worker may not answer for up to `seconds`, because of `what` (a compilation). Do not end it."""

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
class Compiling(Event):
    """tinygrad compiles the program `name`: `kernel` of `kernels` are done; those compiled before do not count."""

    name: str
    kernel: int
    kernels: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Written(Event):
    """The network of a source can answer: `description` is a `network.Description` as JSON, `program` its inference
    program, `weights` its first values as a weights file. `seconds` is what it took.
    """

    description: dict[str, Any]
    program: bytes
    weights: bytes
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Assisted(Event):
    """What can be typed: `options`, each with its label, kind, detail and info (`model.assist.Completion`). Or what a
    name is: its `signature`, and `doc`, a sentence about it. Empty if that is not known.
    """

    options: list[dict[str, Any]] = field(default_factory=list)
    signature: str = ""
    doc: str = ""


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

    Before the first step (epoch 0), at the end of an epoch and of the run (`end_of_epoch`) it comes with what was
    measured there on the validation split, `validation_accuracy` (0..1) and `confusion` (n rows of n counts, row =
    truth, column = answer), and with the network's `weights` as a weights file. Otherwise it is an autosave: `weights`
    and `confusion` are empty.
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

    `interval` is the 95 % interval of the test accuracy on `tested` images, `seconds` the time spent training.
    """

    reason: str
    step: int
    epoch: float
    validation_accuracy: float
    test_accuracy: float
    interval: list[float]
    tested: int
    seconds: float
    settings: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluated(Event):
    """What a command of the console shows, in order.

    Each item has its "kind" ("text", "error" or "image") and a "text". An image has a "height" and a "width", too, and
    the `pixels` of all images follow one another, a byte each, 0 for black.
    """

    items: list[dict[str, Any]]
    pixels: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class Completions(Event):
    """What could stand in the console's code from `start` up to the cursor, in order."""

    start: int
    names: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class DataProgress(Event):
    """How far ReadData or UseData is, whose id is in `reply_to`: `done` of `total` pieces of `what`; 0 is an unknown
    total.
    """

    what: str
    done: int
    total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DataRead(Event):
    """What was found in files. `counts` are the samples of each class, in the order of `labels`, for each split.

    `guesses` can be made otherwise: each has a "name", a "title", the "value" that was guessed, and "options", which
    maps each value to its title. `notes` are sentences. `images` are examples, 28x28 bytes each, class by class;
    `shown` says how many of each class.
    """

    set_id: str
    name: str
    labels: list[str]
    counts: dict[str, list[int]]
    guesses: list[dict[str, Any]]
    notes: list[str]
    shown: list[int]
    images: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class DataKept(Event):
    """The data set can be trained on. `head` is its head as a file of `data.sets`. `reason` says in one sentence why it
    is not stored, but in memory until the tab closes; empty if it is stored.
    """

    head: bytes
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed(Event):
    """Something went wrong: `message` is one sentence for the visitor. `kind` is "input" (a command was refused,
    the run goes on), "code", "diverged", "device", "memory", "data" or "internal" (the run has ended), or "ended" (the
    worker has, too). For "code", what is wrong with a source, `line` is its line, 0 if it is about none."""

    kind: str
    message: str
    line: int = 0


AnyEvent = (
    Accepted
    | Busy
    | Notice
    | Ready
    | Compiled
    | Compiling
    | Written
    | Assisted
    | Progress
    | Metrics
    | Weights
    | Checkpoint
    | Finished
    | Failed
    | Evaluated
    | Completions
    | DataProgress
    | DataRead
    | DataKept
)
