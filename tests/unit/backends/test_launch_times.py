"""Times of launches: on every engine that runs here, and with clocks that tick coarsely."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable
from itertools import count

import numpy as np
import pytest

from scripts.build import MODELS
from tabgrad.backends import Device, DeviceLostError, LaunchTimes
from tabgrad.backends.launch_times import LONG_ENOUGH_MS, USABLE_MS, one_launch_ms, times_by_host
from tabgrad.backends.webgpu import WebGPUDevice
from tabgrad.interop import clock
from tabgrad.program import loads
from tests.native_gpu import open_gpu


def stopwatch(launch_ms: float, overhead_ms: float, tick_ms: float) -> tuple[Callable[[int], object], list[int]]:
    """A clock that ticks coarsely, and the counts it was asked for."""
    counts: list[int] = []

    async def run(count: int) -> float:
        counts.append(count)
        return math.floor((overhead_ms + count * launch_ms) / tick_ms) * tick_ms

    return run, counts


@pytest.mark.parametrize("launch_ms", [0.0006, 0.02, 0.9, 70.0])
def test_launches_are_repeated_until_a_coarse_clock_shows_them(launch_ms: float) -> None:
    run, counts = stopwatch(launch_ms, 1.3, 0.1)
    found = asyncio.run(one_launch_ms(run, 1 << 15))  # type: ignore[arg-type] # a fake stopwatch
    assert found == pytest.approx(launch_ms, rel=2 * 0.1 / LONG_ENOUGH_MS)
    assert max(counts) * launch_ms < 40 * max(LONG_ENOUGH_MS, launch_ms), "it stops as soon as the clock shows enough"


def test_a_clock_that_stands_still_gives_no_time() -> None:
    run, counts = stopwatch(0.001, 0.5, 1000.0)
    assert asyncio.run(one_launch_ms(run, 256)) is None  # type: ignore[arg-type] # a fake stopwatch
    assert max(counts) == 256


def test_a_launch_too_short_to_measure_gives_no_time() -> None:
    run, _ = stopwatch(USABLE_MS / 200, 0.0, 1e-6)
    assert asyncio.run(one_launch_ms(run, 100)) is None  # type: ignore[arg-type] # a fake stopwatch


@pytest.mark.parametrize("tick_ms", [1.0, 16.7, 100.0])
@pytest.mark.parametrize("launch_ms", [0.0006, 0.02, 0.9, 170.0])
def test_on_a_coarser_clock_a_launch_has_a_time_or_a_bound(
    monkeypatch: pytest.MonkeyPatch, launch_ms: float, tick_ms: float
) -> None:
    readings = count(0.0, tick_ms / 1e3)
    monkeypatch.setattr(clock, "CLOCK", clock.Clock(lambda: next(readings)))
    run, counts = stopwatch(launch_ms, 1.3, tick_ms)
    times = asyncio.run(times_by_host([run], 4096))  # type: ignore[list-item] # a fake stopwatch
    if times.is_bound[0]:
        assert launch_ms < times.ms[0] <= 3 * tick_ms / 4095
    else:
        assert times.ms[0] == pytest.approx(launch_ms, rel=0.7)
    assert max(counts) * launch_ms < 80 * max(tick_ms, launch_ms), "it stops as soon as the clock shows enough"


async def times_of(device: Device, target: str, variant: str) -> LaunchTimes:
    path = next((MODELS / "mlp" / "programs").glob(f"infer.{target}.{variant}.json"))
    executable = await device.load(loads(path.read_bytes()))
    before = await executable.run({"x": np.ones((1, 784), np.float32)}, ["logits"])
    times = await executable.time_launches()
    after = await executable.run({"x": np.ones((1, 784), np.float32)}, ["logits"])
    np.testing.assert_array_equal(before["logits"], after["logits"])
    assert len(times.ms) == len(executable.program.dispatch)
    executable.destroy()
    return times


def test_webgpu_uses_the_gpus_own_clock_if_it_has_one() -> None:
    async def main() -> tuple[LaunchTimes, LaunchTimes, int]:
        device = await open_gpu()
        assert device.gpu.has_timestamps, "lavapipe has timestamp queries"
        own = await times_of(device, "wgsl", "default")
        device.gpu.has_timestamps = False
        outside = await times_of(device, "wgsl", "default")
        left = device.live_buffers
        device.destroy()
        return own, outside, left

    own, outside, left = asyncio.run(main())
    assert (own.clock, outside.clock, left) == ("device", "host", 0)
    assert own.ms[0] > 0 < outside.ms[0]


def test_timestamps_rounded_to_a_constant_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """Some browsers round timestamps to a constant: then the host's clock is used."""

    async def main() -> LaunchTimes:
        device = await open_gpu()
        monkeypatch.setattr("tabgrad.backends.webgpu.timing.MS_PER_NS", 0.0)
        times = await times_of(device, "wgsl", "default")
        device.destroy()
        return times

    times = asyncio.run(main())
    assert times.clock == "host"
    assert times.ms[0] > 0


def test_a_device_lost_while_timing_raises_its_error(monkeypatch: pytest.MonkeyPatch) -> None:
    async def main(device: WebGPUDevice) -> None:
        path = next((MODELS / "mlp" / "programs").glob("infer.wgsl.default.json"))
        executable = await device.load(loads(path.read_bytes()))
        submit = device.queue.submit

        def last(buffers: object) -> None:
            submit(buffers)
            device.gpu.lost = "unplugged"

        monkeypatch.setattr(device.queue, "submit", last)
        with pytest.raises(DeviceLostError, match="unplugged"):
            await executable.time_launches()

    async def whole() -> None:
        device = await open_gpu()
        await main(device)
        device.gpu.lost = ""
        device.destroy()

    asyncio.run(whole())


def test_webassembly_times_launches_shorter_than_a_tick() -> None:
    from tabgrad.backends.wasm import open_device

    async def main() -> LaunchTimes:
        device = await open_device()
        times = await times_of(device, "wasm", device.variants[0])
        device.destroy()
        return times

    times = asyncio.run(main())
    assert times.clock == "host"
    assert min(times.ms) > 0
