"""What a GPU holds for us, and what goes wrong on it: counted buffers, and one sentence for each failure.

Below `device`, which builds programs, and `executable`, which runs them. Never compiles and never dispatches.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any, NamedTuple

from ..base import DeviceLostError, EngineError
from .gpu import GPU, BufferUsage

#: A failed call waits this long for the device to report that it was lost.
LOSS_GRACE_S = 0.5


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


class GPUResources:
    """An opened GPU with its buffers.

    `live_buffers` and `live_bytes` count the GPU memory in use; they return to their start when all executables
    are destroyed.
    """

    def __init__(self, gpu: GPU) -> None:
        self.gpu, self.queue = gpu, gpu.device.queue
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
        loop = asyncio.get_running_loop()
        deadline = loop.time() + (LOSS_GRACE_S if isinstance(cause, BaseException) else 0)
        while not self.gpu.lost and loop.time() < deadline:
            await asyncio.sleep(0.01)
        return self._lost() if self.gpu.lost else EngineError(f"{what} ({_first_line(str(cause))}).")

    def _lost(self) -> DeviceLostError:
        return DeviceLostError(f"The graphics device was lost ({_first_line(self.gpu.lost)}).")

    def destroy(self) -> None:
        """Free the device and all its memory. Idempotent."""
        if not self.destroyed:
            self.destroyed = True
            self.gpu.destroy()


def _first_line(message: str) -> str:
    return (message.strip().splitlines() or ["no reason given"])[0].rstrip(".")[:200]
