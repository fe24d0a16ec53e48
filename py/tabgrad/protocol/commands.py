"""The commands that the page gives the worker, as one union. Nothing here sends them.

A message is a frozen dataclass. Each command gets one answer, an event whose `reply_to` is the command's `id`: what it
asked for, `Accepted`, or `Failed`. Its effects follow as further events. Binary fields hold whole files (safetensors, a
checkpoint) and travel beside the JSON, so that a channel can transfer them without a copy.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

#: Raised with every incompatible change; page and worker come from one build, so a difference is a stale cache.
PROTOCOL_VERSION = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What all messages have: `id`, unique among its sender's messages and set when it is sent; 0 before."""

    id: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepare(Message):
    """Open the engine, fetch the first data and load the programs for `settings`, so that Start starts at once.

    With `answer_target`, as in Start, only the page's inference program is made and sent.
    """

    settings: dict[str, Any]
    answer_target: str = ""


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
class Ping(Message):
    """Prove that the worker is alive; answered by Accepted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dispose(Message):
    """Forget the run and free its buffers; the worker stays ready for another."""


Command = Prepare | Start | Pause | Resume | Step | Stop | Tune | SaveCheckpoint | Import | ShowProgram | Ping | Dispose
