"""Times each launch of a program on WebGPU: with the GPU's own clock if the adapter has timestamp queries, otherwise
with the host's clock, from submit to result.

Owns the query set and the buffers of one measurement, and frees them when it is over.
https://www.w3.org/TR/webgpu/#timestamp
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from tabgrad.interop.clock import now_s

from ..base import LaunchTimes
from ..launch_times import Stopwatch, one_launch_ms, times_by_host
from .gpu import BufferUsage, EncodedLaunch, StagingPool

#: The most launches in one submission: recording one takes Python about 20 microseconds.
MAX_LAUNCHES = 1024
#: A time stamp is a 64-bit count of nanoseconds.
STAMP_BYTES, MS_PER_NS = 8, 1e-6
FAILED = "WebGPU could not time the program"


async def time_launches(pool: StagingPool, plan: Sequence[EncodedLaunch], written: Any) -> LaunchTimes:
    """See `base.Executable.time_launches`. `written`: any buffer of the program; reading it waits for all work."""
    if pool.device.gpu.has_timestamps:
        measured = await _by_device(pool, plan)
        if measured is not None:
            return measured
    return await times_by_host((_host_clock(pool, launch, written) for launch in plan), MAX_LAUNCHES)


async def _by_device(pool: StagingPool, plan: Sequence[EncodedLaunch]) -> LaunchTimes | None:
    """None if the timestamps are too coarse: browsers round them, some to a constant."""
    queries = pool.device.gpu.device.create_query_set(label="launch times", type="timestamp", count=2)
    usage = BufferUsage.QUERY_RESOLVE | BufferUsage.COPY_SRC
    resolved = pool.device.create_buffer(2 * STAMP_BYTES, usage, "launch times")
    try:
        found = []
        for launch in plan:
            ms = await one_launch_ms(_device_clock(pool, launch, queries, resolved), MAX_LAUNCHES)
            if ms is None:
                return None
            found.append(ms)
        return LaunchTimes(tuple(found), "device", (False,) * len(found))
    finally:
        pool.device.destroy_buffer(resolved)
        queries.destroy()


def _record(compute_pass: Any, launch: EncodedLaunch, count: int) -> None:
    compute_pass.set_pipeline(launch.pipeline)
    compute_pass.set_bind_group(0, launch.bind_group)
    for _ in range(count):
        compute_pass.dispatch_workgroups(launch.x, launch.y, launch.z)
    compute_pass.end()


def _device_clock(pool: StagingPool, launch: EncodedLaunch, queries: Any, resolved: Any) -> Stopwatch:
    """Times one pass, with a timestamp at its beginning and one at its end."""

    async def run(count: int) -> float:
        encoder = pool.device.gpu.device.create_command_encoder()
        writes = {"query_set": queries, "beginning_of_pass_write_index": 0, "end_of_pass_write_index": 1}
        _record(encoder.begin_compute_pass(timestamp_writes=writes), launch, count)
        encoder.resolve_query_set(queries, 0, 2, resolved, 0)
        staging = pool.take(2 * STAMP_BYTES)
        encoder.copy_buffer_to_buffer(resolved, 0, staging, 0, 2 * STAMP_BYTES)
        pool.device.queue.submit([encoder.finish()])
        begin, end = np.frombuffer(await pool.collect(staging, FAILED), np.uint64)
        return float(end - begin) * MS_PER_NS if end > begin else 0.0  # the clock may be reset between the two

    return run


def _host_clock(pool: StagingPool, launch: EncodedLaunch, written: Any) -> Stopwatch:
    """Times one submission, from the call until its result has arrived."""

    async def run(count: int) -> float:
        encoder = pool.device.gpu.device.create_command_encoder()
        _record(encoder.begin_compute_pass(), launch, count)
        staging = pool.take(4)
        encoder.copy_buffer_to_buffer(written, 0, staging, 0, 4)
        commands = encoder.finish()
        begin = now_s()
        pool.device.queue.submit([commands])
        await pool.collect(staging, FAILED)
        return (now_s() - begin) * 1e3

    return run
