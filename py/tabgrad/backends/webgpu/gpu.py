"""What the engine needs from an opened GPU: its flags, counted buffers, staging buffers, and its errors as sentences.

Below `device`, which builds programs, and `executable`, which runs them. Never compiles and never dispatches. Two
classes implement `GPU`: `interop.webgpu.BrowserGPU` over navigator.gpu and `native.NativeGPU` over wgpu-py.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from enum import IntFlag
from typing import Any, NamedTuple, Protocol

from ..base import DeviceLostError, EngineError, NoAnswerError
from .waits import Waits

#: A failed call waits this long for the device to report that it was lost, and looks this often. Seconds.
LOSS_GRACE_S, LOOK_EVERY_S = 0.5, 0.01
#: A GPU that has not returned a result by then never will: it takes a fraction of a second; on a CPU, and with other
#: work in the queue, a few seconds. Seconds.
ANSWER_LIMIT_S = 20.0


class BufferUsage(IntFlag):
    """GPUBufferUsage. https://www.w3.org/TR/webgpu/#buffer-usage"""

    MAP_READ = 0x01
    COPY_SRC = 0x04
    COPY_DST = 0x08
    UNIFORM = 0x40
    STORAGE = 0x80
    QUERY_RESOLVE = 0x200


#: GPUMapMode.READ and GPUShaderStage.COMPUTE.
MAP_MODE_READ = 1
SHADER_STAGE_COMPUTE = 4


class GPU(Protocol):
    """An opened device, and what is known about it."""

    device: Any  #: a GPUDevice with wgpu-py's method names
    info: Mapping[str, str]  #: GPUAdapterInfo: vendor, architecture, device, description
    is_software: bool
    has_timestamps: bool  #: whether the GPU's own clock can time a compute pass
    limits: Mapping[str, int]  #: GPUSupportedLimits in snake_case
    lost: str  #: why the device was lost; empty as long as it works
    on_lost: Callable[[], object]  #: called when the device is lost; to be set by whoever uses it

    def take_error(self) -> str:
        """The first error outside all error scopes since the last call; empty if there was none."""

    def push_error_scopes(self) -> None:
        """Catch validation and memory errors of the calls that follow."""

    def pop_error_scopes(self) -> Coroutine[Any, Any, str]:
        """End the scopes at once. Awaiting the result gives the first error's message, or an empty string."""

    def destroy(self) -> None:
        """Free the device and all its memory. Idempotent."""


@dataclass(slots=True)
class SharedBuffer:
    """A GPU buffer and the number of executables that bind it."""

    buffer: Any
    size_bytes: int
    users: int = 0


class EncodedLaunch(NamedTuple):
    """One dispatch, ready to be recorded: its pipeline, its bind group, and the workgroups along each axis."""

    pipeline: Any
    bind_group: Any
    x: int
    y: int
    z: int


class CountedGPU:
    """An opened GPU. `live_buffers` and `live_bytes` count the memory of loaded programs: 0 once all are destroyed.

    Whatever waits for the GPU waits through `waits`: it ends when the device is lost, or does not answer.
    """

    def __init__(self, gpu: GPU) -> None:
        self.gpu, self.queue = gpu, gpu.device.queue
        self.waits = Waits(_no_answer)
        gpu.on_lost = lambda: self.waits.end_all(self._lost)
        self.live_buffers = self.live_bytes = 0
        self.destroyed = False

    def create_buffer(self, size_bytes: int, usage: BufferUsage, label: str = "") -> Any:
        """A counted GPU buffer; give it back with `destroy_buffer`."""
        buffer = self.gpu.device.create_buffer(label=label, size=size_bytes, usage=int(usage))
        self.live_buffers += 1
        self.live_bytes += size_bytes
        return buffer

    def destroy_buffer(self, buffer: Any) -> None:
        """Free a buffer of `create_buffer`."""
        self.live_buffers -= 1
        self.live_bytes -= buffer.size
        buffer.destroy()

    def release(self, storages: list[SharedBuffer]) -> None:
        """Drop one use of each buffer and free those that are no longer used. Empties the list."""
        for storage in storages:
            storage.users -= 1
            if not storage.users:
                self.destroy_buffer(storage.buffer)
        storages.clear()

    def check(self) -> None:
        """Raise DeviceLostError if the device is gone, EngineError for an error that has not been reported yet."""
        if self.destroyed:
            raise DeviceLostError("This WebGPU device was closed; open a new one.")
        if self.gpu.lost:
            raise self._lost()
        if problem := self.gpu.take_error():
            raise EngineError(f"WebGPU reported an error ({_first_line(problem)}); another engine may still work.")

    async def error_from(self, cause: object, what: str) -> EngineError:
        """The error to raise for a failed call: the device's loss if that is the reason, else `what` and the cause."""
        if isinstance(cause, EngineError):
            return cause
        looks = round(LOSS_GRACE_S / LOOK_EVERY_S) if isinstance(cause, BaseException) else 0
        for _ in range(looks):  # no clock is read: it may stand still
            if self.gpu.lost:
                break
            await asyncio.sleep(LOOK_EVERY_S)
        return self._lost() if self.gpu.lost else EngineError(f"{what} ({_first_line(str(cause))}).")

    def _lost(self) -> DeviceLostError:
        return DeviceLostError(f"The graphics device was lost ({_first_line(self.gpu.lost)}).")

    def destroy(self) -> None:
        """Free the device and all its memory. Idempotent."""
        if not self.destroyed:
            self.destroyed = True
            self.gpu.destroy()


class StagingPool:
    """The staging buffers of one executable, which results are read back through. They are reused, so that a prediction
    allocates nothing: at most `spare` free buffers of each size are kept.

    A buffer that could not be mapped (the device was lost, the caller was cancelled) is destroyed.
    """

    def __init__(self, device: CountedGPU, spare: int) -> None:
        self.device, self._spare = device, spare
        self._free: dict[int, list[Any]] = {}
        self._taken: list[Any] = []

    def take(self, size_bytes: int) -> Any:
        """A buffer of this size for the GPU to copy into; `collect` reads it and takes it back."""
        if free := self._free.get(size_bytes):
            buffer = free.pop()
        else:
            buffer = self.device.create_buffer(size_bytes, BufferUsage.MAP_READ | BufferUsage.COPY_DST, "readback")
        self._taken.append(buffer)
        return buffer

    async def collect(self, buffer: Any, failure: str, limit_s: float = ANSWER_LIMIT_S) -> memoryview:
        """The bytes of a buffer of `take`, copied when all work submitted so far is done.

        Raises EngineError, which begins with `failure`, DeviceLostError, or NoAnswerError after `limit_s` seconds.
        """
        mapped = False
        try:
            await self.device.waits.result(buffer.map_async(MAP_MODE_READ), limit_s)
            mapped = True
            contents = memoryview(buffer.read_mapped(0, buffer.size)).cast("B")
        except Exception as error:
            raise await self.device.error_from(error, failure) from error
        finally:
            self._give_back(buffer, mapped)
        self.device.check()
        return contents

    def _give_back(self, buffer: Any, mapped: bool) -> None:
        if buffer not in self._taken:
            return  # the pool was closed while the caller waited, and the buffer destroyed
        self._taken.remove(buffer)
        free = self._free.setdefault(buffer.size, [])
        if mapped and len(free) < self._spare:
            buffer.unmap()
            free.append(buffer)
        else:
            self.device.destroy_buffer(buffer)

    def close(self) -> None:
        """Destroy all staging buffers; pending `collect` calls fail. Idempotent."""
        for buffer in [*self._taken, *(b for free in self._free.values() for b in free)]:
            self.device.destroy_buffer(buffer)
        self._taken.clear()
        self._free.clear()


def _no_answer(limit_s: float) -> NoAnswerError:
    return NoAnswerError(f"The graphics device has not answered for {limit_s:.0f} s.")


def _first_line(message: str) -> str:
    return (message.strip().splitlines() or ["no reason given"])[0].rstrip(".")[:200]
