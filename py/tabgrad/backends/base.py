"""The one interface of all engines: a `Device` loads programs, an `Executable` runs one.

The session and the page use engines through this module alone, so WebGPU and WebAssembly are interchangeable. What
may wait for a GPU is a coroutine; on WebAssembly it returns without suspending. Never opens an engine: see `engines`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from numpy.typing import NDArray

from tabgrad.program import Program, Target

Arrays = Mapping[str, NDArray[Any]]


class EngineError(RuntimeError):
    """The engine cannot go on (no adapter, device lost, out of memory). One sentence that the page can show."""


class DeviceLostError(EngineError):
    """The device and all its buffers are gone. Open a new device and load the last good weights."""


class NoAnswerError(EngineError):
    """The device has not answered for so long that it never will. Go on with another engine."""


@dataclass(frozen=True, slots=True)
class LaunchTimes:
    """How long each launch of a program takes, in the order of its dispatch list.

    `ms`: milliseconds of one launch. `clock`: "device" if the GPU's own clock measured them; "host" if Python did,
    which includes the cost of submitting the work. `is_bound`: for each launch, whether the clock is too coarse for
    it, and `ms` only says what it takes at most.
    """

    ms: tuple[float, ...]
    clock: Literal["device", "host"]
    is_bound: tuple[bool, ...]


class Executable(Protocol):
    """A loaded program with its buffers on the device. Arrays must match the buffer's dtype and element count."""

    program: Program

    def write(self, name: str, value: NDArray[Any]) -> None:
        """Set the contents of an input, weight or state buffer."""

    async def read(self, *names: str) -> dict[str, NDArray[Any]]:
        """Copy buffers back to the host, after all work submitted so far. Shapes and dtypes of the program."""

    async def run(self, inputs: Arrays, outputs: Sequence[str]) -> dict[str, NDArray[Any]]:
        """Write inputs, dispatch everything once, read outputs: the lowest latency, and no allocation after the first
        call. Runs of one executable must not overlap.
        """

    def run_steps(self, count: int, streams: Arrays, collect: Sequence[str]) -> Awaitable[dict[str, NDArray[Any]]]:
        """Dispatch everything `count` times, back to back.

        `streams` maps an input to an array of shape (count, *buffer shape): step i reads slice i. `collect` names
        small outputs (a loss) whose value after each step is returned, in arrays of shape (count, *buffer shape).
        The work is submitted before this returns. The caller can prepare and submit the next chunk of steps while
        it waits for this one; at most two chunks may be in flight.
        """

    async def time_launches(self) -> LaunchTimes:
        """Time every launch on its own, repeated many times, on the buffers' present contents. Raises EngineError.

        Repeating a launch that updates a buffer changes the buffer, so time an executable that shares no weights.
        """

    def destroy(self) -> None:
        """Free what only this executable uses; buffers shared with another one stay. Idempotent."""


class Device(Protocol):
    """An opened engine."""

    name: str  #: "webgpu" or "wasm": its name in `engines.ENGINES`
    target: Target  #: which programs it runs
    variants: tuple[str, ...]  #: program variants it can run, best first
    description: str  #: for the badge: the adapter or the instruction set, e.g. "SwiftShader", "WebAssembly SIMD"
    is_software: bool  #: True if the CPU computes: on WebAssembly, and for a GPU that is emulated in software

    async def load(self, program: Program, share: Executable | None = None) -> Executable:
        """Validate `program` against this device, build it and allocate its buffers.

        Weight and state buffers that `share` has under the same name and size are shared, not copied: a training
        program and an inference program then use the same weights. Raises ProgramError or EngineError.
        """

    def destroy(self) -> None:
        """Free the device and everything loaded on it. Idempotent."""
