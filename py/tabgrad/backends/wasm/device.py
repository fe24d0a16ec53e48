"""The WebAssembly engine: runs programs of target "wasm" on one core, in a browser or natively.

Owns the programs' buffers in the arena and the loading of kernels. Never touches a WebAssembly runtime itself: what
differs between a browser and wasmtime is in `host`.
"""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable, Generator, Sequence
from dataclasses import replace
from typing import Any, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from tabgrad.interop.clock import now_s
from tabgrad.program import DTYPES, Buffer, Program, ProgramError, Target, validate

from ..base import Arrays, EngineError, Executable, LaunchTimes
from ..launch_times import Stopwatch, times_by_host
from .arena import Arena, Region, plan_scratch
from .driver import driver
from .host import WasmHost, open_host

T = TypeVar("T")
#: The most launches in a row when one is timed: the smallest kernels take a fraction of a microsecond.
MAX_REPEATED = 1 << 15


class Immediate(Generic[T]):
    """An awaitable whose result is known: WebAssembly has done the work when `run_steps` returns."""

    def __init__(self, value: T) -> None:
        self._value = value

    def __await__(self) -> Generator[Any, None, T]:
        yield from ()  # makes this a generator, as __await__ must be
        return self._value


class WasmExecutable:
    """`base.Executable` in the arena. `run_steps` blocks until it is done: on a page, ask for a few steps at a time."""

    def __init__(self, device: WasmDevice, program: Program, share: WasmExecutable | None) -> None:
        self.program, self._device, self._host = program, device, device.host
        self._regions: dict[str, Region] = {}
        self._runs: dict[tuple[tuple[str, ...], tuple[str, ...]], Callable[..., None]] = {}
        self._staging: Region | None = None
        self._scratch: Region | None = None
        try:
            self.addresses = self._place(share)
        except EngineError:  # not enough memory: give back the regions that were taken
            self.destroy()
            raise
        for buffer in program.by_role("const"):
            self._host.write(self._regions[buffer.name].address, np.frombuffer(buffer.data, np.uint8))

    def _place(self, share: WasmExecutable | None) -> tuple[int, ...]:
        """Take regions for all buffers; returns the buffers' addresses."""
        offsets, scratch_bytes = plan_scratch(self.program)
        scratch = self._scratch = self._device.allocate(scratch_bytes)
        for buffer in self.program.buffers:
            if buffer.role != "scratch":
                self._regions[buffer.name] = self._region(buffer, share)
        return tuple(
            scratch.address + offsets.get(i, 0) if b.role == "scratch" else self._regions[b.name].address
            for i, b in enumerate(self.program.buffers)
        )

    def _region(self, buffer: Buffer, share: WasmExecutable | None) -> Region:
        if share is not None and buffer.role in ("weight", "state"):
            other = share._regions.get(buffer.name)
            if other is not None and share.program.buffer(buffer.name).nbytes == buffer.nbytes:
                other.owners += 1
                return other
        region = self._device.allocate(buffer.size_bytes)
        self._host.write(region.address, np.zeros(region.size_bytes, np.uint8))
        return region

    def _named(self, name: str) -> Buffer:
        buffer = self.program.buffer(name)
        if buffer.name not in self._regions:
            raise ProgramError(
                f"The buffer {name!r} of the program {self.program.name!r} is scratch: it keeps no value."
            )
        return buffer

    def write(self, name: str, value: NDArray[Any]) -> None:
        buffer = self._named(name)
        self._host.write(self._regions[name].address, _checked(buffer, value, 1))

    def _read(self, name: str) -> NDArray[Any]:
        buffer = self._named(name)
        out = np.empty(buffer.shape, DTYPES[buffer.dtype])
        self._host.read(self._regions[name].address, out)
        return out

    async def read(self, *names: str) -> dict[str, NDArray[Any]]:
        return {name: self._read(name) for name in names}

    async def run(self, inputs: Arrays, outputs: Sequence[str]) -> dict[str, NDArray[Any]]:
        for name, value in inputs.items():
            self.write(name, value)
        self._call((), (), 1)
        return {name: self._read(name) for name in outputs}

    def run_steps(self, count: int, streams: Arrays, collect: Sequence[str]) -> Awaitable[dict[str, NDArray[Any]]]:
        data = {name: _checked(self._named(name), value, count) for name, value in streams.items()}
        results = {
            name: np.empty((count, *buffer.shape), DTYPES[buffer.dtype])
            for name, buffer in ((name, self._named(name)) for name in collect)
        }
        if count > 0:
            arrays = (*data.values(), *results.values())
            addresses = self._stage([a.nbytes for a in arrays])
            for array, address in zip(data.values(), addresses, strict=False):
                self._host.write(address, array)
            self._call(tuple(data), tuple(results), count, *addresses)
            for array, address in zip(results.values(), addresses[len(data) :], strict=True):
                self._host.read(address, array)
        return Immediate(results)

    def _stage(self, sizes: Sequence[int]) -> list[int]:
        """Addresses for streams and collected values, in a region that is kept from call to call."""
        starts = [sum(-(-size // 64) * 64 for size in sizes[:i]) for i in range(len(sizes) + 1)]
        if self._staging is None or self._staging.size_bytes < starts[-1]:
            if self._staging is not None:
                self._device.arena.release(self._staging)
                self._staging = None
            self._staging = self._device.allocate(starts[-1])
        return [self._staging.address + start for start in starts[:-1]]

    def _call(self, streams: tuple[str, ...], collect: tuple[str, ...], count: int, *addresses: int) -> None:
        if (run := self._runs.get((streams, collect))) is None:
            linked = self._host.link(*driver(self.program, self.addresses, streams, collect))
            run = self._runs[streams, collect] = linked
        run(count, *addresses)

    async def time_launches(self) -> LaunchTimes:
        """See `base.Executable.time_launches`. The host's clock is the only one."""
        alone = [replace(self.program, dispatch=(dispatch,)) for dispatch in self.program.dispatch]
        return await times_by_host(map(self._stopwatch, alone), MAX_REPEATED)

    def _stopwatch(self, program: Program) -> Stopwatch:
        call = self._host.link(*driver(program, self.addresses))

        async def run(count: int) -> float:
            begin = now_s()
            call(count)
            return (now_s() - begin) * 1e3

        return run

    def destroy(self) -> None:
        arena = self._device.arena
        for region in (self._scratch, self._staging, *self._regions.values()):
            if region is not None:
                arena.release(region)
        self._regions, self._runs, self._staging, self._scratch = {}, {}, None, None


class WasmDevice:
    """`base.Device` on WebAssembly, in one host."""

    name = "wasm"
    target: Target = "wasm"
    is_software = True

    def __init__(self, host: WasmHost) -> None:
        self.host = host
        self.variants, self.description = host.variants, host.description
        self.arena = Arena()

    def allocate(self, size_bytes: int) -> Region:
        """A region of the memory, which grows if needed. If it cannot grow, raises EngineError and takes no region."""
        region = self.arena.allocate(size_bytes)
        try:
            self.host.reserve(self.arena.pages)
        except EngineError:
            self.arena.release(region)
            raise
        return region

    async def load(self, program: Program, share: Executable | None = None) -> WasmExecutable:
        validate(program)
        if program.target != self.target or program.variant not in self.variants:
            raise EngineError(
                f"The program {program.name!r} is for {program.target} ({program.variant}); "
                f"this engine runs wasm ({', '.join(self.variants)})."
            )
        if share is not None and not isinstance(share, WasmExecutable):
            raise EngineError("A program on WebAssembly can share weights only with another one on WebAssembly.")
        await self.host.load({key: kernel.module for key, kernel in program.kernels.items()})
        return WasmExecutable(self, program, share)

    def destroy(self) -> None:
        self.host.destroy()


async def open_device() -> WasmDevice:
    """Open WebAssembly in this browser, or in wasmtime outside one. Raises EngineError with one sentence."""
    return WasmDevice(open_host())


def _checked(buffer: Buffer, value: NDArray[Any], count: int) -> NDArray[Any]:
    """`value` as a contiguous array; ProgramError unless it has the buffer's dtype and `count` times its elements."""
    dtype, size = DTYPES[buffer.dtype], math.prod(buffer.shape) * count
    if value.dtype != dtype or value.size != size:
        raise ProgramError(
            f"Buffer {buffer.name!r} takes {size} values of {dtype.name}, not {value.size} of {value.dtype.name}."
        )
    return np.ascontiguousarray(value)
