"""Waits for a GPU end: when it answers, when its device is lost, when it is silent for too long. A GPU made up of
promises that only the test keeps, and a timer that only the test moves.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

import numpy as np
import pytest

from tabgrad.backends import DeviceLostError, EngineError, NoAnswerError
from tabgrad.backends.engines import Engine, open_engine, registry
from tabgrad.backends.webgpu import WebGPUDevice
from tabgrad.backends.webgpu.gpu import ANSWER_LIMIT_S
from tabgrad.backends.webgpu.waits import TICK_S, Waits
from tests.unit.backends.test_webgpu import accumulator


class Timer:
    """Ticks when it is told to."""

    def __init__(self) -> None:
        self._sleepers: list[asyncio.Future[None]] = []

    async def sleep(self, _seconds: float) -> None:
        self._sleepers.append(asyncio.get_running_loop().create_future())
        await self._sleepers[-1]

    @property
    def runs(self) -> bool:
        return any(not sleeper.done() for sleeper in self._sleepers)

    async def tick(self, seconds: float) -> None:
        for _ in range(round(seconds / TICK_S)):
            for sleeper in self._sleepers:
                if not sleeper.done():
                    sleeper.set_result(None)
            await settle()


async def settle() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


class FakeBuffer:
    """Mapped as soon as `gpu.answers`; else only when the test says so."""

    def __init__(self, gpu: FakeGPU, size: int) -> None:
        self.gpu, self.size = gpu, size

    def map_async(self, _mode: int) -> Awaitable[None]:
        return self.gpu.promise()

    def read_mapped(self, _offset: int, size: int) -> memoryview:
        return memoryview(bytes(size))

    def unmap(self) -> None: ...

    def destroy(self) -> None: ...


class FakeGPU:
    """As much of a GPU and of its device as loading and running a program need."""

    is_software, has_timestamps, lost = True, False, ""

    def __init__(self) -> None:
        self.info = dict.fromkeys(("vendor", "architecture", "device", "description"), "")
        self.limits = {"max_storage_buffers_per_shader_stage": 10, "max_compute_invocations_per_workgroup": 256}
        self.device, self.queue = self, self
        self.answers, self.destroyed = True, False
        self.promises: list[asyncio.Future[Any]] = []
        self.on_lost: Callable[[], object] = lambda: None

    def promise(self) -> asyncio.Future[Any]:
        future = asyncio.get_running_loop().create_future()
        self.promises.append(future)
        if self.answers:
            future.set_result(None)
        return future

    def lose(self) -> None:
        """The browser says that the device is lost, and never settles what it has promised."""
        self.lost = "reset"
        self.on_lost()

    def create_buffer(self, *, label: str, size: int, usage: int) -> FakeBuffer:
        return FakeBuffer(self, size)

    def create_compute_pipeline_async(self, **_fields: Any) -> Awaitable[Any]:
        return self.promise()

    def pop_error_scopes(self) -> Coroutine[Any, Any, str]:
        async def no_error() -> str:
            return ""

        return no_error()

    def take_error(self) -> str:
        return ""

    def destroy(self) -> None:
        self.destroyed = True

    def __getattr__(self, name: str) -> Any:
        return lambda *_values, **_fields: self


class Bench:
    """An opened engine on a made-up GPU, with a timer of the test's own."""

    def __init__(self) -> None:
        self.gpu, self.timer = FakeGPU(), Timer()
        self.device = WebGPUDevice(self.gpu)
        self.device.waits._sleep = self.timer.sleep

    async def loaded(self) -> Any:
        return await self.device.load(accumulator())

    async def begin(self, work: Awaitable[Any]) -> asyncio.Future[Any]:
        task = asyncio.ensure_future(work)
        await settle()
        return task


def on_bench(test: Callable[[Bench], Awaitable[None]]) -> None:
    async def go() -> None:
        await test(Bench())

    asyncio.run(go())


X = {"x": np.ones(3, np.float32)}


def test_a_gpu_that_answers_is_waited_for_as_long_as_it_takes_and_then_nothing_runs_on() -> None:
    async def go(bench: Bench) -> None:
        executable = await bench.loaded()
        bench.gpu.answers = False
        run = await bench.begin(executable.run(X, ["total"]))
        await bench.timer.tick(ANSWER_LIMIT_S)
        assert not run.done(), "a whole limit: the first tick may come at any time"
        bench.gpu.promises[-1].set_result(None)
        assert (await run)["total"].tolist() == [0, 0, 0]
        await bench.timer.tick(TICK_S)
        assert not bench.timer.runs

    on_bench(go)


def test_a_gpu_that_does_not_answer_is_one_sentence_and_the_next_run_is_a_new_try() -> None:
    async def go(bench: Bench) -> None:
        executable = await bench.loaded()
        before = bench.device.live_buffers
        for _ in range(2):
            bench.gpu.answers = False
            run = await bench.begin(executable.run(X, ["total"]))
            await bench.timer.tick(ANSWER_LIMIT_S + 2 * TICK_S)
            with pytest.raises(NoAnswerError, match=r"^The graphics device has not answered for 20 s\.$"):
                await run
            assert bench.device.live_buffers == before, "the buffer that was never mapped is given back"
        bench.gpu.answers = True
        assert await executable.run(X, ["total"])

    on_bench(go)


def test_a_computer_that_was_asleep_has_not_waited() -> None:
    """Its clock has moved on by hours; the timer has ticked once."""

    async def go(bench: Bench) -> None:
        executable = await bench.loaded()
        bench.gpu.answers = False
        run = await bench.begin(executable.run(X, ["total"]))
        await bench.timer.tick(TICK_S)
        assert not run.done()
        run.cancel()

    on_bench(go)


@pytest.mark.parametrize("what", ["load", "run", "steps", "read"])
def test_a_lost_device_ends_every_wait_at_once(what: str) -> None:
    async def go(bench: Bench) -> None:
        executable = await bench.loaded()
        before = bench.device.live_buffers
        bench.gpu.answers = False
        works: dict[str, Callable[[], Awaitable[Any]]] = {
            "load": bench.loaded,
            "run": lambda: executable.run(X, ["total"]),
            "steps": lambda: executable.run_steps(2, {"x": np.ones((2, 3), np.float32)}, ["total"]),
            "read": lambda: executable.read("total"),
        }
        work = await bench.begin(works[what]())
        assert not work.done()
        bench.gpu.lose()
        with pytest.raises(DeviceLostError, match=r"^The graphics device was lost \(reset\)\.$"):
            await work
        assert bench.device.live_buffers == before + (what == "steps"), "only the stream of a chunk is kept"

    on_bench(go)


def test_a_program_that_is_never_built_is_one_sentence() -> None:
    async def go(bench: Bench) -> None:
        bench.gpu.answers = False
        load = await bench.begin(bench.loaded())
        await bench.timer.tick(70)
        with pytest.raises(NoAnswerError, match=r"has not answered for 60 s\.$"):
            await load
        assert bench.device.live_buffers == 0

    on_bench(go)


def test_the_first_chunk_of_steps_may_take_minutes() -> None:
    async def go(bench: Bench) -> None:
        executable = await bench.loaded()
        bench.gpu.answers = False
        chunk = await bench.begin(executable.run_steps(1, {"x": np.ones((1, 3), np.float32)}, ["total"]))
        await bench.timer.tick(240)
        assert not chunk.done()
        await bench.timer.tick(70)
        with pytest.raises(NoAnswerError, match="300 s"):
            await chunk

    on_bench(go)


def test_who_cancels_a_wait_has_it_cancelled() -> None:
    async def go() -> None:
        timer = Timer()
        waits = Waits(lambda _limit_s: EngineError("overdue"), timer.sleep)
        never: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        task = asyncio.ensure_future(waits.result(never, 10))
        await settle()
        waits.end_all(lambda: EngineError("lost"))
        task.cancel()  # at the same time
        await asyncio.wait({task})
        assert task.cancelled()

    asyncio.run(go())


def test_an_engine_that_never_opens_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    async def never() -> Any:
        await asyncio.get_running_loop().create_future()

    monkeypatch.setattr(registry, "OPEN_LIMIT_S", 0.01)
    with pytest.raises(EngineError, match=r"^Slow could not be opened within 0 s\.$"):
        asyncio.run(open_engine("slow", {"slow": Engine("Slow", never, fallback="")}))
