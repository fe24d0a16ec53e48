"""A program on a WebGPU device: writes inputs, dispatches, reads results.

This is the page's hot path, so what it needs is made once and kept: launches, staging buffers, layouts of results.
Never creates, shares or frees a program's buffers (see `device`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tabgrad.interop.clock import now_s
from tabgrad.program import DTYPES, Buffer, Program, ProgramError

from ..base import Arrays, EngineError, LaunchTimes
from .gpu import BufferUsage, CountedGPU, EncodedLaunch, SharedBuffer, StagingPool

#: Work per submit. Longer submits freeze the compositor, and predictions have to wait for them. Milliseconds.
SUBMIT_MS = 10.0
#: Chunks of `run_steps` that may be in flight: one runs while the next one is prepared.
MAX_IN_FLIGHT = 2
#: How long a chunk may take: the first one, which may be a single step of a very large network, and later ones, at
#: least, and as a multiple of what their steps took before. Seconds.
FIRST_LIMIT_S, LIMIT_S, LIMIT_FACTOR = 300.0, 60.0, 20.0
READ_FAILED = "WebGPU could not return a result"


class Slot(NamedTuple):
    """Where a buffer's value lies in a staging buffer: `source` is copied to `offset`, in bytes."""

    buffer: Buffer
    source: Any
    offset: int


class WebGPUExecutable:
    """`base.Executable` on WebGPU."""

    def __init__(
        self, device: CountedGPU, program: Program, storages: list[SharedBuffer], plan: list[EncodedLaunch]
    ) -> None:
        self.program = program
        self._device, self._queue, self._storages, self._plan = device, device.queue, storages, plan
        self._create_encoder = device.gpu.device.create_command_encoder
        self._pool = StagingPool(device, spare=MAX_IN_FLIGHT)
        self._streams: dict[str, Any] = {}
        self._slots: dict[tuple[str, ...], tuple[tuple[Slot, ...], int]] = {}
        self._in_flight = 0
        self._step_ms = 0.0
        self._idle_since = 0.0
        self._destroyed = False

    def shareable(self) -> dict[str, SharedBuffer]:
        """Weight and state buffers by name, for another executable to share."""
        pairs = zip(self.program.buffers, self._storages, strict=True)
        return {buffer.name: storage for buffer, storage in pairs if buffer.role in ("weight", "state")}

    def write(self, name: str, value: NDArray[Any]) -> None:
        self._check()
        self._upload(name, value)

    def _upload(self, name: str, value: NDArray[Any]) -> None:
        index = self.program.index(name)
        self._queue.write_buffer(self._storages[index].buffer, 0, _rows(self.program.buffers[index], value, 1))

    async def read(self, *names: str) -> dict[str, NDArray[Any]]:
        self._check()
        return await self._submit_and_read(self._create_encoder(), names)

    async def run(self, inputs: Arrays, outputs: Sequence[str]) -> dict[str, NDArray[Any]]:
        """See `base.Executable.run`. Takes one submit and one map."""
        self._check()
        for name, value in inputs.items():
            self._upload(name, value)
        encoder = self._create_encoder()
        self._encode(encoder)
        return await self._submit_and_read(encoder, tuple(outputs))

    async def _submit_and_read(self, encoder: Any, names: tuple[str, ...]) -> dict[str, NDArray[Any]]:
        slots, size_bytes = self._layout(names)
        staging = self._pool.take(max(size_bytes, 4))
        self._copy_out(encoder, slots, staging, 0)
        self._queue.submit([encoder.finish()])
        contents = await self._pool.collect(staging, READ_FAILED)
        return {slot.buffer.name: _array(contents, slot, 1, size_bytes)[0] for slot in slots}

    def _layout(self, names: tuple[str, ...]) -> tuple[tuple[Slot, ...], int]:
        """Slots for the named buffers, one after the other, and their total size in bytes. Cached."""
        if names not in self._slots:
            slots, offset = [], 0
            for name in names:
                index = self.program.index(name)
                slots.append(Slot(self.program.buffers[index], self._storages[index].buffer, offset))
                offset += self.program.buffers[index].size_bytes
            self._slots[names] = tuple(slots), offset
        return self._slots[names]

    def _encode(self, encoder: Any) -> None:
        """Record every dispatch once. WebGPU itself orders dispatches that touch the same buffers."""
        compute_pass = encoder.begin_compute_pass()
        set_pipeline, set_bind_group = compute_pass.set_pipeline, compute_pass.set_bind_group
        dispatch_workgroups = compute_pass.dispatch_workgroups
        for pipeline, bind_group, x, y, z in self._plan:
            set_pipeline(pipeline)
            set_bind_group(0, bind_group)
            dispatch_workgroups(x, y, z)
        compute_pass.end()

    def _copy_out(self, encoder: Any, slots: tuple[Slot, ...], staging: Any, base: int) -> None:
        for slot in slots:
            encoder.copy_buffer_to_buffer(slot.source, 0, staging, base + slot.offset, slot.buffer.size_bytes)

    def run_steps(self, count: int, streams: Arrays, collect: Sequence[str]) -> Awaitable[dict[str, NDArray[Any]]]:
        """See `base.Executable.run_steps`.

        All batches are uploaded at once, and the GPU copies one to the input before each step: a copy on the GPU
        costs less than an upload. The work is split into submits of about SUBMIT_MS, judged by the pace of earlier
        chunks.
        """
        self._check()
        if self._in_flight >= MAX_IN_FLIGHT:
            raise EngineError(f"At most {MAX_IN_FLIGHT} chunks of steps may be in flight; await one first.")
        inputs = [self._stream(name, value, count) for name, value in streams.items() if count]
        slots, size_bytes = self._layout(tuple(collect))
        staging = self._pool.take(max(size_bytes * count, 4))
        per_submit = max(1, min(count, int(SUBMIT_MS / self._step_ms))) if self._step_ms else 1
        started = now_s()
        for first in range(0, count, per_submit):
            encoder = self._create_encoder()
            for step in range(first, min(first + per_submit, count)):
                for source, target, size in inputs:
                    encoder.copy_buffer_to_buffer(source, step * size, target, 0, size)
                self._encode(encoder)
                self._copy_out(encoder, slots, staging, step * size_bytes)
            self._queue.submit([encoder.finish()])
        self._in_flight += 1
        chunk = asyncio.ensure_future(self._finish(count, slots, size_bytes, staging, started))
        # A lost device fails every chunk in flight, but only the first one is awaited. Without this, asyncio would
        # report the errors of the others as never retrieved.
        chunk.add_done_callback(_retrieve)
        return chunk

    async def _finish(
        self, count: int, slots: tuple[Slot, ...], size_bytes: int, staging: Any, started: float
    ) -> dict[str, NDArray[Any]]:
        expected_s = MAX_IN_FLIGHT * count * self._step_ms / 1e3
        limit_s = max(LIMIT_S, LIMIT_FACTOR * expected_s) if expected_s else FIRST_LIMIT_S
        try:
            contents = await self._pool.collect(staging, READ_FAILED, limit_s)
        finally:
            self._in_flight -= 1
        now = now_s()
        # With two chunks in flight, this one could start only when the one before had finished. If both are reported
        # at once, the second one seems to take no time, so the estimate may at most halve.
        pace_ms = (now - max(started, self._idle_since)) * 1e3 / max(count, 1)
        self._step_ms = max(pace_ms, self._step_ms / 2)
        self._idle_since = now
        return {slot.buffer.name: _array(contents, slot, count, size_bytes) for slot in slots}

    def _stream(self, name: str, value: NDArray[Any], count: int) -> tuple[Any, Any, int]:
        """Upload all slices of an input: (the buffer they are in, the input's own buffer, bytes per slice)."""
        index = self.program.index(name)
        rows = _rows(self.program.buffers[index], value, count)
        stream = self._streams.get(name)
        if stream is None or stream.size < rows.nbytes:
            if stream is not None:
                self._device.destroy_buffer(stream)
            usage = BufferUsage.COPY_SRC | BufferUsage.COPY_DST
            stream = self._streams[name] = self._device.create_buffer(rows.nbytes, usage, f"{name} stream")
        self._queue.write_buffer(stream, 0, rows)
        return stream, self._storages[index].buffer, self.program.buffers[index].size_bytes

    async def time_launches(self) -> LaunchTimes:
        from .timing import time_launches

        self._check()
        return await time_launches(self._pool, self._plan, self._storages[0].buffer)

    def _check(self) -> None:
        if self._destroyed:
            raise EngineError(f"The program {self.program.name!r} was unloaded.")
        self._device.check()

    def destroy(self) -> None:
        if self._destroyed:
            return
        self._destroyed = True
        self._pool.close()
        for stream in self._streams.values():
            self._device.destroy_buffer(stream)
        self._streams.clear()
        self._device.release(self._storages)


def _retrieve(chunk: asyncio.Future[Any]) -> None:
    if not chunk.cancelled():
        chunk.exception()


def _rows(buffer: Buffer, value: NDArray[Any], count: int) -> NDArray[np.uint8]:
    """`value` as contiguous rows (count, bytes), padded to a multiple of 4 bytes. ProgramError if it does not fit."""
    if value.dtype != DTYPES[buffer.dtype] or value.nbytes != buffer.nbytes * count:
        raise ProgramError(
            f"Buffer {buffer.name!r} takes {count} x {buffer.shape} {buffer.dtype}, not {value.shape} {value.dtype}."
        )
    rows = np.ascontiguousarray(value).view(np.uint8).reshape(count, buffer.nbytes)
    padding = buffer.size_bytes - buffer.nbytes
    return np.pad(rows, ((0, 0), (0, padding))) if padding else rows


def _array(contents: memoryview, slot: Slot, count: int, stride: int) -> NDArray[Any]:
    """A copy of a slot's value after each step, of shape (count, *buffer shape)."""
    table = np.frombuffer(contents, np.uint8)[: count * stride].reshape(count, stride)
    values = table[:, slot.offset : slot.offset + slot.buffer.nbytes]
    return values.copy().view(DTYPES[slot.buffer.dtype]).reshape(count, *slot.buffer.shape)
