"""The pace follows the time of a step, and work that blocks the worker is announced before it begins."""

from __future__ import annotations

import asyncio
import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from tabgrad.artifacts import Record
from tabgrad.backends import Arrays, Executable
from tabgrad.interop import clock as clocks
from tabgrad.program import Buffer, Program
from tabgrad.protocol import AnyEvent, Busy, Checkpoint, Progress
from tabgrad.session import pace, plan
from tabgrad.session.pace import MAX_SILENCE_S, SLOWEST_OPS_PER_S, Pace, max_step_s
from tabgrad.session.reporter import Reporter
from tabgrad.ui.train.client import ANSWER_WITHIN_S
from tests.unit.session.session_runs import SMALL, Run, compiled, prepare


class Slow:
    """An engine that takes `step_s` by the test's own clock for each step, during which nothing else happens."""

    def __init__(self, executable: Executable, step_s: float, clock: list[float], events: list[AnyEvent]) -> None:
        self._executable, self._step_s, self._clock, self._events = executable, step_s, clock, events
        #: For each block: how long it was, and the last thing that the page had heard.
        self.blocks: list[tuple[float, AnyEvent | None]] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._executable, name)

    def run_steps(self, count: int, streams: Arrays, collect: Any) -> Any:
        self.blocks.append((count * self._step_s, self._events[-1] if self._events else None))
        self._clock[0] += count * self._step_s
        return self._executable.run_steps(count, streams, collect)


async def slow_run(step_s: float, clock: list[float], paused: bool = False) -> tuple[Run, Slow, Slow]:
    run = await prepare(replace(SMALL, epochs=1), paused=paused)
    train = Slow(run.network.train, step_s, clock, run.events)
    measure = Slow(run.network.evaluate, step_s, clock, run.events)
    run.network.train, run.network.evaluate = train, measure
    return run, train, measure


def unannounced(slow: Slow) -> list[tuple[float, AnyEvent | None]]:
    """Blocks longer than the page's patience that it was not told of, or for too short a time."""
    return [
        (seconds, last)
        for seconds, last in slow.blocks
        if seconds > ANSWER_WITHIN_S and not (isinstance(last, Busy) and last.seconds >= seconds)
    ]


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [0.0]
    monkeypatch.setattr(clocks, "CLOCK", clocks.Clock(lambda: now[0]))
    return now


def test_the_pace_grows_to_its_target_and_shrinks_again(clock: list[float]) -> None:
    steps = Pace(64 * 788, print, 0.0)
    for _ in range(20):
        clock[0] += steps.count * 0.001
        steps.finished(steps.count)
    assert steps.count == 32
    for _ in range(20):
        clock[0] += steps.count * 0.2
        steps.finished(steps.count)
    assert steps.count == 1


@pytest.mark.parametrize("step_s", [0.001, 0.005, 0.2])
def test_on_a_clock_of_100_ms_the_pace_stays_near_its_target(clock: list[float], step_s: float) -> None:
    """The clock shows 0 or 100 ms for a chunk. Chunks must not grow to many seconds."""
    exact, events = 0.0, list[AnyEvent]()

    def pass_time(seconds: float) -> None:
        nonlocal exact
        exact += seconds
        clock[0] = math.floor(exact / 0.1) * 0.1

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(clocks, "CLOCK", clocks.Clock(lambda: clock[0]))
        steps = Pace(64 * 788, events.append, 0.0)
        counts = []
        for _ in range(400):
            count = steps.count
            steps.submit(count, lambda count=count: pass_time(count * step_s))  # type: ignore[misc] # mypy has no types for the default
            steps.finished(count)
            counts.append(count)
    assert max(counts) * step_s <= max(4 * pace.TARGET_S, step_s)
    assert counts[-1] * step_s >= min(pace.TARGET_S / 4, step_s)


def test_a_clock_that_stands_still_keeps_the_pace(clock: list[float]) -> None:
    steps = Pace(64 * 788, print, 0.0)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(clocks, "CLOCK", clocks.Clock(lambda: 7.0))
        for _ in range(20):
            steps.submit(steps.count, list)
            steps.finished(steps.count)
    assert steps.count == 1


def test_on_a_clock_of_100_ms_no_rate_is_absurd(clock: list[float]) -> None:
    """800 images a second, told as soon as that means something."""
    rates = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(clocks, "CLOCK", clocks.Clock(lambda: math.floor(clock[0] / 0.1) * 0.1))
        events = list[AnyEvent]()
        record = Record(replace(SMALL, batch=32), 1000, 640)
        reporter = Reporter(record, events.append)
        reporter.start_clock()
        for _ in range(100):
            clock[0] += 0.04
            record.step += 1
            reporter.progress("training")
            rates.append([event for event in events if isinstance(event, Progress)][-1].samples_per_s)
    assert rates[0] == 0.0
    assert all(rate == 0 or 400 <= rate <= 1600 for rate in rates)
    assert rates[-1] == pytest.approx(800, rel=0.2)


def test_steps_longer_than_the_pages_patience_are_announced_the_first_one_too(
    clock: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    step_s = 2 * ANSWER_WITHIN_S
    # An engine at the limit of what is thought possible: the first step takes what its arithmetic says.
    monkeypatch.setattr(pace, "SLOWEST_OPS_PER_S", SLOWEST_OPS_PER_S * max_step_s(compiled("train", SMALL)) / step_s)

    async def go() -> None:
        run, train, measure = await slow_run(step_s, clock)
        assert await run.trainer.run() == "completed"
        assert [seconds for seconds, _ in train.blocks] == [step_s] * run.trainer.record.steps
        assert len(measure.blocks) == 6  # three validations of 400 images, 250 at once
        assert unannounced(train) == []
        assert unannounced(measure) == []
        assert run.of(Checkpoint)
        run.close()

    asyncio.run(go())


def test_a_single_step_of_a_paused_run_is_announced_too(clock: list[float]) -> None:
    step_s = 3 * ANSWER_WITHIN_S

    async def go() -> None:
        run, train, _ = await slow_run(step_s, clock, paused=True)
        task = asyncio.ensure_future(run.trainer.run())
        for step in (1, 2, 3):
            run.control.step()
            while run.trainer.record.step < step:
                await asyncio.sleep(0)
        assert [seconds for seconds, _ in train.blocks] == [step_s] * 3
        # The first one's arithmetic is little: that it takes so long is known from then on.
        assert unannounced(train) == [(step_s, train.blocks[0][1])]
        run.control.abandon()
        with pytest.raises(Exception, match="ended"):
            await task
        run.close()

    asyncio.run(go())


def test_quick_work_is_not_announced(clock: list[float]) -> None:
    async def go() -> None:
        run, _, _ = await slow_run(0.001, clock)
        await run.trainer.run()
        assert run.of(Busy) == []
        run.close()

    asyncio.run(go())


def program(weights: dict[str, tuple[int, ...]], images: int, trains: bool) -> Program:
    x = Buffer("x", "uint8", (images, 784), "input")
    state = [Buffer("opt.velocity", "float32", (1,), "state")] if trains else []
    buffers = (x, *(Buffer(name, "float32", shape, "weight") for name, shape in weights.items()), *state)
    return Program("made up", "wasm", {}, buffers, ())


def test_the_worst_case_counts_the_arithmetic() -> None:
    mlp = {"layers.0.weight": (784, 100), "layers.0.bias": (100,), "layers.1.weight": (100, 10)}
    forward = 2 * 32 * (784 * 100 + 100 * 10)
    assert max_step_s(program(mlp, 32, trains=False)) == pytest.approx(forward / SLOWEST_OPS_PER_S)
    assert max_step_s(program(mlp, 32, trains=True)) == pytest.approx(3 * forward / SLOWEST_OPS_PER_S)
    with_muon = max_step_s(program(mlp, 32, trains=True), "muon")
    products = 5 * (2 * 100 * 100 * 784 + 100**3 + 2 * 10 * 10 * 100 + 10**3)
    assert with_muon == pytest.approx((3 * forward + 2 * products) / SLOWEST_OPS_PER_S)


def test_the_worst_case_is_never_less_than_a_convolutions_and_has_an_end() -> None:
    settings = replace(SMALL, model="cnn", batch=16)
    convolution = compiled("train", settings)
    image = np.prod([1, 28, 28])
    shapes = [b.shape for b in convolution.by_role("weight") if len(b.shape) == 4]
    assert shapes
    # The first one is applied at every pixel, whatever the others do.
    assert max_step_s(convolution) >= 6 * 16 * np.prod(shapes[0]) * image / SLOWEST_OPS_PER_S
    wide = {f"layers.{i}.weight": (1024, 1024) for i in range(9)}
    assert max_step_s(program(wide, 1024, trains=True), "muon") == MAX_SILENCE_S


def test_the_network_of_a_default_run_has_little_to_announce() -> None:
    assert plan.EVALUATION_BATCH == 250
    default = {"layers.0.weight": (784, 128), "layers.1.weight": (128, 10)}
    assert max_step_s(program(default, 128, trains=True)) < pace.UNANNOUNCED_S
    assert max_step_s(program(default, 250, trains=False)) < pace.UNANNOUNCED_S
