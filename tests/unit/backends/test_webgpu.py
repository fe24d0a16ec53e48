"""The WebGPU engine, natively through wgpu-py: sharing, counted memory, chunks of steps, errors."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from tabgrad.backends import DeviceLostError, EngineError
from tabgrad.backends.webgpu import WebGPUDevice
from tabgrad.program import Buffer, Dispatch, Kernel, Program, ProgramError, kernel_key
from tests.native_gpu import open_gpu

ADD = Kernel(
    "add",
    "@group(0) @binding(0) var<uniform> INFINITY : f32;\n"
    "@group(0) @binding(1) var<storage,read_write> total : array<f32,3>;\n"
    "@group(0) @binding(2) var<storage,read_write> w : array<f32,3>;\n"
    "@group(0) @binding(3) var<storage,read_write> x : array<f32,3>;\n"
    "@compute @workgroup_size(3) fn add(@builtin(local_invocation_id) i : vec3<u32>) {\n"
    "  w[i.x] = w[i.x] + x[i.x];\n"
    "  total[i.x] = min(w[i.x], INFINITY);\n}",
)


def accumulator(kernel: Kernel = ADD, size: int = 3) -> Program:
    """w += x; total = w."""
    buffers = (
        Buffer("total", "float32", (size,), "output"),
        Buffer("w", "float32", (size,), "weight"),
        Buffer("x", "float32", (size,), "input"),
        Buffer("bytes", "uint8", (5,), "const", b"\1\2\3\4\5"),
    )
    key = kernel_key(kernel)
    return Program("accumulate", "wgsl", {key: kernel}, buffers, (Dispatch(key, (0, 1, 2)),))


def on_device(test: Callable[[WebGPUDevice], Awaitable[Any]]) -> Any:
    async def main() -> Any:
        device = await open_gpu()
        try:
            return await test(device)
        finally:
            device.destroy()

    return asyncio.run(main())


def vector(*values: float) -> Any:
    return np.array(values, np.float32)


def test_weights_keep_their_values_between_runs_and_results_are_copies() -> None:
    async def test(device: WebGPUDevice) -> None:
        executable = await device.load(accumulator())
        executable.write("w", vector(1, 2, 3))
        first = await executable.run({"x": vector(1, 1, 1)}, ["total"])
        second = await executable.run({"x": vector(0, 1, 2)}, ["total", "w"])
        assert first["total"].tolist() == [2, 3, 4]
        assert second["total"].tolist() == second["w"].tolist() == [2, 4, 6]
        second["total"][0] = 9  # writeable
        assert (await executable.read("total"))["total"].tolist() == [2, 4, 6]

    on_device(test)


def test_constants_of_any_size_are_filled_in() -> None:
    async def test(device: WebGPUDevice) -> None:
        executable = await device.load(accumulator())
        assert (await executable.read("bytes"))["bytes"].tolist() == [1, 2, 3, 4, 5]

    on_device(test)


def test_each_step_reads_its_own_slice_and_its_result_is_kept() -> None:
    async def test(device: WebGPUDevice) -> None:
        executable = await device.load(accumulator())
        x = np.arange(21, dtype=np.float32).reshape(7, 3)
        first = executable.run_steps(4, {"x": x[:4]}, ["total", "w"])
        second = executable.run_steps(3, {"x": x[4:]}, ["total"])
        with pytest.raises(EngineError, match="At most 2 chunks"):
            executable.run_steps(1, {"x": x[:1]}, ["total"])
        totals = np.concatenate([(await first)["total"], (await second)["total"]])
        np.testing.assert_array_equal(totals, np.cumsum(x, axis=0))
        assert (await executable.run_steps(2, {}, [])) == {}
        assert (await executable.run_steps(0, {"x": x[:0]}, ["total"]))["total"].shape == (0, 3)

    on_device(test)


def test_long_chunks_are_submitted_in_parts_of_about_ten_milliseconds(monkeypatch: pytest.MonkeyPatch) -> None:
    """The pace of the first chunk is unknown: it is submitted step by step. Steps of 4 ms then go in twos."""

    async def test(device: WebGPUDevice) -> None:
        submits: list[int] = []
        submit = device.queue.submit
        monkeypatch.setattr(device.queue, "submit", lambda buffers: (submits.append(1), submit(buffers)))
        executable = await device.load(accumulator())
        now = [0.0]
        monkeypatch.setattr("time.perf_counter", lambda: now[0])
        chunk = executable.run_steps(5, {"x": np.ones((5, 3), np.float32)}, ["total"])
        now[0] = 0.02
        await chunk
        first, submits[:] = len(submits), []
        totals = await executable.run_steps(5, {"x": np.ones((5, 3), np.float32)}, ["total"])
        # wgpu-py itself submits once more when a buffer is mapped
        assert (first, len(submits)) in ((5, 3), (6, 4))
        assert totals["total"][:, 0].tolist() == [6, 7, 8, 9, 10]

    on_device(test)


def test_weights_are_shared_by_name_and_live_as_long_as_their_last_user() -> None:
    async def test(device: WebGPUDevice) -> None:
        one = await device.load(accumulator())
        start = device.live_buffers
        two = await device.load(accumulator(), share=one)
        assert device.live_buffers == start + 3
        other_size = await device.load(accumulator(size=4), share=one)
        one.write("w", vector(1, 2, 3))
        one.destroy()
        one.destroy()
        assert (await two.read("w"))["w"].tolist() == [1, 2, 3]
        assert (await other_size.read("w"))["w"].tolist() == [0, 0, 0, 0]
        two.destroy()
        other_size.destroy()
        assert (device.live_buffers, device.live_bytes) == (0, 0)
        with pytest.raises(EngineError, match="was unloaded"):
            await one.run({"x": vector(0, 0, 0)}, ["total"])

    on_device(test)


def test_a_thousand_runs_allocate_nothing() -> None:
    async def test(device: WebGPUDevice) -> None:
        executable = await device.load(accumulator())
        await executable.run({"x": vector(1, 1, 1)}, ["total"])
        await executable.run_steps(20, {"x": np.ones((20, 3), np.float32)}, ["total"])
        before = device.live_buffers, device.live_bytes
        for _ in range(50):
            await executable.run({"x": vector(1, 1, 1)}, ["total"])
            await executable.run_steps(20, {"x": np.ones((20, 3), np.float32)}, ["total"])
        assert (device.live_buffers, device.live_bytes) == before
        executable.destroy()
        assert device.live_buffers == 0

    on_device(test)


@pytest.mark.parametrize("value", [np.zeros(3), np.zeros(4, np.float32), np.zeros(3, np.int32)])
def test_arrays_that_do_not_fit_are_refused(value: Any) -> None:
    async def test(device: WebGPUDevice) -> None:
        executable = await device.load(accumulator())
        with pytest.raises(ProgramError, match="Buffer 'x' takes"):
            await executable.run({"x": value}, ["total"])
        with pytest.raises(ProgramError, match="no buffer named"):
            executable.write("nothing", value)

    on_device(test)


def test_a_cancelled_run_does_not_affect_the_next() -> None:
    async def test(device: WebGPUDevice) -> None:
        executable = await device.load(accumulator())
        runs, cancelled = 0, False
        while not cancelled:  # on a busy machine the result may arrive before the task is cancelled
            assert runs < 100
            runs += 1
            task = asyncio.ensure_future(executable.run({"x": vector(1, 1, 1)}, ["total"]))
            await asyncio.sleep(0)
            cancelled = task.cancel()
            await asyncio.wait([task])
        assert task.cancelled()
        total = (await executable.run({"x": vector(1, 1, 1)}, ["total"]))["total"]
        assert total.tolist() == [runs + 1] * 3
        executable.destroy()
        assert device.live_buffers == 0

    on_device(test)


def test_programs_that_cannot_run_are_refused_and_leave_no_buffers() -> None:
    async def test(device: WebGPUDevice) -> None:
        program = accumulator()
        with pytest.raises(ProgramError, match="not for WebGPU"):
            await device.load(replace(program, target="wasm"))
        with pytest.raises(ProgramError, match="more workgroups"):
            await device.load(replace(program, dispatch=(replace(program.dispatch[0], workgroups=(1 << 20, 1, 1)),)))
        broken = replace(ADD, source=ADD.source.replace("min(", "nonsense("))
        with pytest.raises(EngineError, match="could not build the program 'accumulate'") as caught:
            await device.load(accumulator(broken))
        assert "\n" not in str(caught.value)
        assert device.live_buffers == 0

    on_device(test)


def test_a_lost_device_raises_its_error() -> None:
    async def test(device: WebGPUDevice) -> None:
        executable = await device.load(accumulator())
        device.gpu.lost = "the driver was reset.\nDetails follow"
        with pytest.raises(DeviceLostError, match=r"lost \(the driver was reset\)\."):
            await executable.run({"x": vector(1, 1, 1)}, ["total"])
        with pytest.raises(DeviceLostError):
            await device.load(accumulator())
        device.gpu.lost = ""
        device.destroy()
        device.destroy()
        with pytest.raises(DeviceLostError, match="was closed"):
            executable.write("x", vector(1, 1, 1))

    on_device(test)
