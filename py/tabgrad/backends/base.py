"""The one interface of all engines: a `Device` loads programs, an `Executable` runs one.

Session and page are written against this module alone, so WebGPU and WebAssembly are exchangeable. Everything
that can wait on a GPU is a coroutine; on WebAssembly those return without suspending.
"""

from __future__ import annotations

from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from numpy.typing import NDArray

from tabgrad.program import Program, Target

Arrays = Mapping[str, NDArray[Any]]


class EngineError(RuntimeError):
    """The engine cannot go on (no adapter, device lost, out of memory). One sentence, fit for the visitor."""


class DeviceLostError(EngineError):
    """The device is gone, and with it all buffers. Open a new one and load the last good weights."""


@dataclass(frozen=True, slots=True)
class LaunchTimes:
    """`ms`: milliseconds of one launch, for each launch of a program in order. `clock`: "device" if the engine's own
    clock measured them, "host" if they were measured from outside, with what it costs to hand over the work.
    """

    ms: tuple[float, ...]
    clock: Literal["device", "host"]


class Executable(Protocol):
    """A loaded program with its buffers on the device. Arrays must match the buffer's dtype and element count."""

    program: Program

    def write(self, name: str, value: NDArray[Any]) -> None:
        """Set the contents of an input, weight or state buffer."""

    async def read(self, *names: str) -> dict[str, NDArray[Any]]:
        """Copy buffers back to the host, after all work submitted so far. Shapes and dtypes of the program."""

    async def run(self, inputs: Arrays, outputs: Sequence[str]) -> dict[str, NDArray[Any]]:
        """Write inputs, dispatch everything once, read outputs: the path with the least latency, allocation-free
        after the first call. Runs of one executable must not overlap.
        """

    def run_steps(self, count: int, streams: Arrays, collect: Sequence[str]) -> Awaitable[dict[str, NDArray[Any]]]:
        """Dispatch everything `count` times, back to back.

        `streams` maps an input to an array of shape (count, *buffer shape): step i sees slice i. `collect` names
        small outputs (a loss) whose value after each step is kept: result arrays are (count, *buffer shape).
        The work is submitted before this returns, so that the next chunk can be prepared, even submitted, while
        the awaitable of this one is pending; at most two may be in flight.
        """

    async def time_launches(self) -> LaunchTimes:
        """Time every launch on its own, many times in a row, on what the buffers hold now. Raises EngineError.

        A launch that reads what it writes changes that: load a program without sharing to time it.
        """

    def destroy(self) -> None:
        """Free what this executable alone owns; buffers shared with another live on. Idempotent."""


class Device(Protocol):
    """An opened engine."""

    name: str  #: "webgpu" or "wasm": the value of `?engine=`
    target: Target  #: which programs it runs
    variants: tuple[str, ...]  #: program variants it can run, best first
    description: str  #: for the badge: adapter or flavour, e.g. "SwiftShader", "WebAssembly SIMD"
    is_software: bool  #: True if the CPU computes: on WebAssembly, and for a GPU that is emulated in software

    async def load(self, program: Program, share: Executable | None = None) -> Executable:
        """Validate `program` against this device, build it and allocate its buffers.

        Weight and state buffers that `share` has under the same name and size are shared, not copied: a training
        program and an inference program then see the same weights. Raises ProgramError or EngineError.
        """

    def destroy(self) -> None:
        """Free the device and everything loaded on it. Idempotent."""
