"""The WebAssembly engine on wasmtime: its arena, sharing, streams, and its errors for wrong input."""

from __future__ import annotations

import asyncio
import gc
import itertools
import resource
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tabgrad import model
from tabgrad.backends import EngineError
from tabgrad.backends.wasm import WasmDevice, WasmExecutable, open_device
from tabgrad.backends.wasm.arena import ALIGN_BYTES, Arena, plan_scratch
from tabgrad.compiler import Capture
from tabgrad.program import Buffer, Dispatch, Kernel, Program, ProgramError, kernel_key
from tabgrad.program.wasm_binary import SLACK_BYTES, Function, ValType, module

SPEC = {"kind": "mlp", "hidden": [16]}
BATCH = 8


@pytest.fixture
def device() -> WasmDevice:
    return asyncio.run(open_device())


def load(device: WasmDevice, program: Program, share: WasmExecutable | None = None) -> WasmExecutable:
    return asyncio.run(device.load(program, share))


def trainer(device: WasmDevice) -> WasmExecutable:
    executable = load(device, model.training(SPEC, model.Training(batch=BATCH), "wasm", "simd"))
    for name, value in model.initial_weights(model.build(SPEC), seed=3).items():
        executable.write(name, value)
    for name, knob in {"momentum": 0.9, "weight_decay": 0.0, "lr": 0.1}.items():
        executable.write(name, np.array([knob], np.float32))
    return executable


def batches(count: int) -> dict[str, Any]:
    rng = np.random.default_rng(0)
    x = rng.integers(0, 256, (count, BATCH, 784), dtype=np.uint8)
    return {"x": x, "y": rng.integers(0, 10, (count, BATCH), dtype=np.int32)}


# -- the arena


@given(st.lists(st.tuples(st.booleans(), st.integers(1, 5000)), max_size=60))
def test_regions_never_overlap_and_freed_space_is_reused(actions: list[tuple[bool, int]]) -> None:
    arena, regions = Arena(), list[Any]()
    for free, size in actions:
        if free and regions:
            arena.release(regions.pop(size % len(regions)))
        else:
            regions.append(arena.allocate(size))
        spans = sorted((r.address, r.address + r.size_bytes) for r in regions)
        assert all(a[1] <= b[0] for a, b in itertools.pairwise(spans))
        assert all(begin >= SLACK_BYTES and begin % ALIGN_BYTES == 0 and end <= arena.end for begin, end in spans)
    for region in regions:
        arena.release(region)
    assert arena.end == SLACK_BYTES
    assert not arena.free


def test_a_region_is_freed_with_its_last_owner() -> None:
    arena = Arena()
    region = arena.allocate(100)
    region.owners += 1
    arena.release(region)
    assert arena.allocate(100).address != region.address
    arena.release(region)
    assert arena.allocate(100).address == region.address


def chain(lives: list[tuple[int, int]], steps: int) -> Program:
    """A program whose scratch buffer i is used by dispatches lives[i][0]..lives[i][1]."""
    kernel = Kernel("k", module=b"\0asm")
    buffers = tuple(Buffer(f"t{i}", "float32", (50 * (i % 5 + 1),), "scratch") for i in range(len(lives)))
    uses = [tuple(i for i, (a, b) in enumerate(lives) if a <= step <= b) or (0,) for step in range(steps)]
    dispatch = tuple(Dispatch(kernel_key(kernel), use) for use in uses)
    return Program("chain", "wasm", {kernel_key(kernel): kernel}, buffers, dispatch)


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)).map(lambda t: (min(t), max(t))), min_size=1))
def test_scratch_buffers_alive_at_once_do_not_overlap(lives: list[tuple[int, int]]) -> None:
    program = chain(lives, 10)
    offsets, size = plan_scratch(program)
    places = {i: (o, o + program.buffers[i].size_bytes) for i, o in offsets.items()}
    for dispatch in program.dispatch:
        spans = sorted(places[i] for i in dispatch.buffers)
        assert all(a[1] <= b[0] for a, b in itertools.pairwise(spans))
    assert all(begin >= 0 and end <= size for begin, end in places.values())


def test_scratch_buffers_never_alive_at_once_share_space() -> None:
    program = chain([(0, 1), (2, 3), (4, 5), (1, 2)], 6)
    _, size = plan_scratch(program)
    assert size < sum(b.size_bytes for b in program.buffers[1:])  # the first three can share one place


# -- running


def test_steps_in_one_call_equal_single_steps(device: WasmDevice) -> None:
    data = batches(6)
    one = trainer(device)
    together = asyncio.run(_steps(one, 6, data))
    other = trainer(device)
    single = [asyncio.run(other.run({n: v[i] for n, v in data.items()}, ["loss", "correct"])) for i in range(6)]
    np.testing.assert_array_equal(together["loss"][:, 0], [s["loss"][0] for s in single])
    np.testing.assert_array_equal(together["correct"][:, 0], [s["correct"][0] for s in single])
    assert together["correct"].dtype == np.int32
    weights = asyncio.run(one.read("layers.0.weight"))["layers.0.weight"]
    np.testing.assert_array_equal(weights, asyncio.run(other.read("layers.0.weight"))["layers.0.weight"])


async def _steps(executable: WasmExecutable, count: int, data: dict[str, Any]) -> dict[str, Any]:
    return dict(await executable.run_steps(count, data, ["loss", "correct"]))


def test_a_learning_rate_can_change_from_step_to_step(device: WasmDevice) -> None:
    data = batches(3) | {"lr": np.zeros((3, 1), np.float32)}
    executable = trainer(device)
    before = asyncio.run(executable.read("layers.1.weight"))["layers.1.weight"]
    asyncio.run(_steps(executable, 3, data))
    np.testing.assert_array_equal(asyncio.run(executable.read("layers.1.weight"))["layers.1.weight"], before)


def test_inference_uses_the_weights_that_training_changes(device: WasmDevice) -> None:
    train = trainer(device)
    infer = load(device, model.inference(SPEC, "wasm", "simd"), share=train)
    x = np.random.default_rng(1).random((1, 784), dtype=np.float32)
    first = asyncio.run(infer.run({"x": x}, ["logits"]))["logits"]
    asyncio.run(_steps(train, 2, batches(2)))
    second = asyncio.run(infer.run({"x": x}, ["logits"]))["logits"]
    assert np.abs(first - second).max() > 1e-3
    train.destroy()
    np.testing.assert_array_equal(asyncio.run(infer.run({"x": x}, ["logits"]))["logits"], second)


def test_results_are_copies(device: WasmDevice) -> None:
    infer = load(device, model.inference(SPEC, "wasm", "simd"))
    zeros = asyncio.run(infer.run({"x": np.zeros((1, 784), np.float32)}, ["logits"]))["logits"]
    infer.write("layers.1.bias", np.ones(10, np.float32))
    asyncio.run(infer.run({}, ["logits"]))
    assert not zeros.any()


def test_nothing_grows_over_a_thousand_steps(device: WasmDevice) -> None:
    executable, data = trainer(device), batches(10)
    asyncio.run(_steps(executable, 10, data))
    gc.collect()
    pages, held = device.arena.pages, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for _ in range(100):
        asyncio.run(_steps(executable, 10, data))
    assert device.arena.pages == pages
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - held < 8192  # KiB


def test_destroying_a_program_frees_all_its_memory(device: WasmDevice) -> None:
    program = model.training(SPEC, model.Training(batch=BATCH), "wasm", "simd")
    for _ in range(4):
        executable = load(device, program)
        asyncio.run(_steps(executable, 2, batches(2)))
        executable.destroy()
        executable.destroy()
        assert device.arena.end == SLACK_BYTES


def test_a_program_that_is_too_large_takes_no_memory(device: WasmDevice, monkeypatch: pytest.MonkeyPatch) -> None:
    infer = load(device, model.inference(SPEC, "wasm", "simd"))
    before, limit_pages, reserve = device.arena.end, device.arena.pages + 8, device.host.reserve

    def limited(pages: int) -> None:
        if pages > limit_pages:
            raise EngineError("no more memory")
        reserve(pages)

    monkeypatch.setattr(device.host, "reserve", limited)
    big = Program("big", "wasm", {}, tuple(Buffer(f"w{i}", "float32", (80_000,), "weight") for i in range(2)), ())
    with pytest.raises(EngineError, match="no more memory"):
        WasmExecutable(device, big, None)
    assert device.arena.end == before
    with pytest.raises(EngineError, match="no more memory"):
        infer.run_steps(200, {"x": np.zeros((200, 784), np.float32)}, ["logits"])
    assert device.arena.end == before
    infer.run_steps(2, {"x": np.zeros((2, 784), np.float32)}, ["logits"])
    infer.destroy()
    assert device.arena.end == SLACK_BYTES


# -- wrong input


def test_arrays_of_the_wrong_size_or_dtype_are_refused(device: WasmDevice) -> None:
    infer = load(device, model.inference(SPEC, "wasm", "simd"))
    with pytest.raises(ProgramError, match="'x' takes 784 values of float32, not 784 of float64"):
        infer.write("x", np.zeros((1, 784)))
    with pytest.raises(ProgramError, match="takes 1568 values"):
        infer.run_steps(2, {"x": np.zeros((1, 784), np.float32)}, ["logits"])
    with pytest.raises(ProgramError, match="no buffer named 'nothing'"):
        infer.write("nothing", np.zeros(1, np.float32))
    scratch = infer.program.by_role("scratch")[0].name
    with pytest.raises(ProgramError, match="is scratch: it keeps no value"):
        asyncio.run(infer.read(scratch))


def test_programs_of_another_variant_are_refused(device: WasmDevice) -> None:
    program = model.inference(SPEC, "wasm", "simd")
    device.variants = ("relaxed",)
    with pytest.raises(EngineError, match=r"is for wasm \(simd\); this engine runs wasm \(relaxed\)"):
        load(device, program)


@pytest.mark.parametrize("part", ["module", "function"])
def test_a_kernel_that_is_no_module_is_refused_with_a_sentence(device: WasmDevice, part: str) -> None:
    with Capture("broken", "wasm", "simd") as c:
        c.output("out", c.buffer("a", "input", (4,)) + 1)
    (kernel,) = c.program.kernels.values()
    unknown = module([Function(kernel.entry, (ValType.I32,) * len(c.program.dispatch[0].buffers), (), b"\xff")])
    broken = replace(kernel, module=kernel.module[:-3] if part == "module" else unknown)
    dispatch = tuple(replace(d, kernel=kernel_key(broken)) for d in c.program.dispatch)
    program = replace(c.program, kernels={kernel_key(broken): broken}, dispatch=dispatch)
    errors = {"module": (ProgramError, "is no module"), "function": (EngineError, "refuses a kernel")}
    with pytest.raises(errors[part][0], match=errors[part][1]):
        load(device, program)


def test_a_kernel_that_reads_outside_the_memory_is_stopped_with_a_sentence(device: WasmDevice) -> None:
    load_far = b"\x41\x70\x2a\x02\x00\x1a"  # f32.load at 2**32 - 16
    kernel = Kernel("far", module=module([Function("far", (ValType.I32,), (), load_far)]))
    buffers = (Buffer("out", "float32", (1,), "output"),)
    program = Program(
        "far", "wasm", {kernel_key(kernel): kernel}, buffers, (Dispatch(kernel_key(kernel), (0,)),), "simd"
    )
    with pytest.raises(EngineError, match=r"^A WebAssembly kernel was stopped: out of bounds memory access\.$"):
        asyncio.run(load(device, program).run({}, ["out"]))
