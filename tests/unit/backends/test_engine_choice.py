"""The choice of an engine, with fake engines: which are opened, timed, chosen, remembered and closed."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest

from tabgrad.backends import EngineError
from tabgrad.backends.engines import Engine, EngineChoice, order_variants, select_engine
from tabgrad.interop import clock
from tabgrad.program import Buffer, Dispatch, Kernel, Program, ProgramError, kernel_key


def program(variant: str, target: Any = "wgsl", training: bool = False) -> Program:
    code = f"// {variant}"
    kernel = Kernel("k", source=code) if target == "wgsl" else Kernel("k", module=code.encode())
    buffers = [Buffer("x", "float32", (2,), "input"), Buffer("y", "float32", (2,), "output")]
    if training:
        buffers.append(Buffer("opt", "float32", (2,), "state"))
    key = kernel_key(kernel)
    return Program("p", target, {key: kernel}, tuple(buffers), (Dispatch(key, (0, 1)),), variant)


class Clock:
    """Time that only the steps of the fake engines move on."""

    now_s = 0.0


@pytest.fixture(autouse=True)
def steps_take_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.perf_counter", lambda: Clock.now_s)


class Fake:
    """An engine whose steps take a set time. `pace_ms` by variant."""

    def __init__(self, name: str, is_software: bool = True, fails: bool = False, **pace_ms: float) -> None:
        self.name, self.target = name, "wgsl" if name == "webgpu" else "wasm"
        self.variants, self.pace_ms, self.is_software = tuple(pace_ms), pace_ms, is_software
        self.description, self.fails = f"{name} hardware", fails
        self.open = self.steps = 0
        self.loaded: list[Any] = []

    async def opener(self) -> Any:
        self.open += 1
        return self

    async def load(self, program: Program, share: Any = None) -> Any:
        if self.fails:
            raise EngineError("It broke.")
        self.loaded.append(FakeExecutable(self, program))
        return self.loaded[-1]

    def destroy(self) -> None:
        self.open -= 1


class FakeExecutable:
    def __init__(self, device: Fake, program: Program) -> None:
        self.device, self.program, self.alive = device, program, True

    async def run(self, inputs: Any, outputs: Any) -> Any:
        self.device.steps += 1
        Clock.now_s += self.device.pace_ms[self.program.variant] / 1e3

    async def run_steps(self, count: int, streams: Any, collect: Any) -> Any:
        assert all(len(value) == count for value in streams.values())
        for _ in range(count):
            await self.run(streams, collect)

    def destroy(self) -> None:
        self.alive = False


class DictCache:
    def __init__(self) -> None:
        self.values: dict[str, bytes] = {}

    async def get(self, key: str) -> bytes | None:
        return self.values.get(key)

    async def put(self, key: str, value: bytes) -> None:
        self.values[key] = value


def table(**openers: Callable[[], Any]) -> Mapping[str, Engine]:
    return {name: Engine(name.upper(), opener, fallback="") for name, opener in openers.items()}


def choose(*engines: Fake, wanted: str = "auto", cache: Any = None, training: bool = False) -> EngineChoice:
    async def program_for(target: Any, variant: str) -> Program | None:
        return program(variant, target, training)

    rows = table(**{engine.name: engine.opener for engine in engines})
    return asyncio.run(select_engine(program_for, wanted, cache, rows))


def raises(error: Exception) -> Callable[[], Any]:
    async def opener() -> Any:
        raise error

    return opener


def missing(sentence: str) -> Callable[[], Any]:
    return raises(EngineError(sentence))


def test_a_hardware_gpu_is_chosen_without_timing_and_the_other_engine_is_closed() -> None:
    gpu, wasm = Fake("webgpu", is_software=False, gpu=9), Fake("wasm", simd=1)
    choice = choose(wasm, gpu)
    assert choice.device is gpu
    assert choice.reason == "a graphics adapter in hardware"
    assert (gpu.open, wasm.open, gpu.steps, wasm.steps) == (1, 0, 0, 0)


@pytest.mark.parametrize("training", [False, True])
def test_without_a_hardware_gpu_the_faster_engine_is_chosen_and_the_reason_says_by_how_much(training: bool) -> None:
    gpu, wasm = Fake("webgpu", sw=30), Fake("wasm", simd=3)
    choice = choose(gpu, wasm, training=training)
    assert choice.device is wasm
    assert choice.reason == "10x faster here than WebGPU on webgpu hardware"
    assert (gpu.open, wasm.open) == (0, 1)
    assert not any(executable.alive for executable in gpu.loaded + wasm.loaded)


@pytest.mark.parametrize(("gpu_ms", "wasm_ms"), [(3, 0.3), (0.3, 3), (60, 6), (0.02, 0.2)])
def test_a_clock_of_100_ms_gives_the_same_choice(
    monkeypatch: pytest.MonkeyPatch, gpu_ms: float, wasm_ms: float
) -> None:
    monkeypatch.setattr(clock, "CLOCK", clock.Clock(lambda: math.floor(Clock.now_s / 0.1) * 0.1))
    choice = choose(Fake("webgpu", sw=gpu_ms), Fake("wasm", simd=wasm_ms))
    assert choice.device.name == ("webgpu" if gpu_ms < wasm_ms else "wasm")
    ratio = int(choice.reason.split("x faster here")[0])
    assert 2 <= ratio <= 30


@pytest.mark.parametrize("training", [False, True])
def test_on_a_clock_that_stands_still_no_engine_is_said_to_be_faster(
    monkeypatch: pytest.MonkeyPatch, training: bool
) -> None:
    monkeypatch.setattr(clock, "CLOCK", clock.Clock(lambda: 7.0))
    gpu, wasm = Fake("webgpu", sw=3), Fake("wasm", simd=1)
    assert choose(gpu, wasm, training=training).reason == "as fast here as WebAssembly on wasm hardware"
    assert gpu.steps < 10_000


def test_an_engine_that_is_far_slower_is_not_timed_again() -> None:
    gpu, wasm = Fake("webgpu", sw=60), Fake("wasm", simd=1)
    choose(gpu, wasm)
    assert gpu.steps == 2  # one warm-up run and one timed run


def test_an_engine_asked_for_by_name_is_opened_alone_and_its_error_is_raised() -> None:
    gpu, wasm = Fake("webgpu", sw=30), Fake("wasm", simd=3)
    assert choose(gpu, wasm, wanted="webgpu").device is gpu
    assert wasm.open == 0
    with pytest.raises(EngineError, match=r"^No adapter\.$"):
        asyncio.run(select_engine(no_program, "webgpu", None, table(webgpu=missing("No adapter."))))


async def no_program(target: Any, variant: str) -> None:
    raise AssertionError("nothing is timed")


def test_the_only_engine_that_opens_is_not_timed_and_the_reason_says_what_is_missing() -> None:
    rows = table(webgpu=missing("This browser has no WebGPU."), wasm=Fake("wasm", simd=3).opener)
    choice = asyncio.run(select_engine(no_program, engines=rows))
    assert choice.reason == "the only engine here: This browser has no WebGPU."
    with pytest.raises(EngineError, match=r"^No GPU\. No SIMD\.$"):
        asyncio.run(select_engine(no_program, engines=table(a=missing("No GPU."), b=missing("No SIMD."))))


def test_an_unexpected_error_of_one_engine_leaves_the_other() -> None:
    rows = table(webgpu=raises(TypeError("limits is undefined")), wasm=Fake("wasm", simd=3).opener)
    choice = asyncio.run(select_engine(no_program, engines=rows))
    assert choice.device.name == "wasm"
    assert choice.reason.endswith("WEBGPU could not be opened here (TypeError: limits is undefined).")


def test_an_engine_that_fails_its_trial_is_not_chosen() -> None:
    gpu, wasm = Fake("webgpu", sw=1, fails=True), Fake("wasm", simd=30)
    choice = choose(gpu, wasm)
    assert choice.device is wasm
    assert choice.reason == "WebGPU on webgpu hardware failed its trial"


def test_the_result_is_remembered_for_these_devices_and_programs() -> None:
    cache = DictCache()
    first = choose(Fake("webgpu", sw=30), Fake("wasm", simd=3), cache=cache)
    gpu, wasm = Fake("webgpu", sw=1), Fake("wasm", simd=30)
    again = choose(gpu, wasm, cache=cache)
    assert (again.device.name, again.reason) == ("wasm", first.reason)
    assert gpu.steps == wasm.steps == 0
    other = Fake("webgpu", sw=1)
    other.description = "another adapter"
    assert choose(other, Fake("wasm", simd=30), cache=cache).device is other


@pytest.mark.parametrize("damage", [b"", b"{", b"[1]", b'["gone", "x"]', b'["wasm"]', b"7"])
def test_a_damaged_cache_entry_is_ignored(damage: bytes) -> None:
    cache = DictCache()
    choose(Fake("webgpu", sw=30), Fake("wasm", simd=3), cache=cache)
    cache.values = dict.fromkeys(cache.values, damage)
    wasm = Fake("wasm", simd=3)
    choose(Fake("webgpu", sw=30), wasm, cache=cache)
    assert wasm.steps


def test_variants_are_ordered_by_speed_and_the_order_is_remembered() -> None:
    async def program_for(target: Any, variant: str) -> Program | None:
        if variant == "broken":
            raise ProgramError("It is damaged.")
        return program(variant) if variant != "absent" else None

    cache = DictCache()
    paces = {"absent": 0.0, "gpu": 20.0, "broken": 0.0, "default": 2.0, "sw": 10.0}
    device: Any = Fake("webgpu", **paces)
    asyncio.run(order_variants(device, program_for, cache))
    assert device.variants == ("default", "sw", "gpu", "absent", "broken")
    again: Any = Fake("webgpu", **paces)
    asyncio.run(order_variants(again, program_for, cache))
    assert again.variants[:3] == ("default", "sw", "gpu")
    assert again.steps == 0


def test_every_input_is_given_zeros_of_its_shape() -> None:
    seen: list[Any] = []

    class Spy(FakeExecutable):
        async def run(self, inputs: Any, outputs: Any) -> Any:
            seen.append({name: (value.shape, value.dtype) for name, value in inputs.items()})
            Clock.now_s += 0.01

    gpu, wasm = Fake("webgpu", sw=1), Fake("wasm", simd=1)
    for engine in (gpu, wasm):
        engine.load = lambda program, engine=engine: _loaded(Spy(engine, program))  # type: ignore[method-assign]
    choose(gpu, wasm)
    assert seen[0] == {"x": ((2,), np.dtype("float32"))}


async def _loaded(executable: FakeExecutable) -> FakeExecutable:
    return executable
