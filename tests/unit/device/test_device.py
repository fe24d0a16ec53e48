"""The device WASM as tinygrad uses it: memory, views, copies, the JIT, training, and beside our own compiler."""

import gc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tinygrad_device
from tabgrad.backends.wasm import WasmDevice
from tabgrad.compiler import Capture

from tinygrad import Device, Tensor, TinyJit, Variable, dtypes, nn  # isort: skip # after the device
from tinygrad.device import Buffer, BufferSpec  # isort: skip
from tinygrad.helpers import Context  # isort: skip
from tinygrad.uop.ops import Ops  # isort: skip

WASM = tinygrad_device.DEVICE


def engine(device: str = WASM) -> WasmDevice:
    found: WasmDevice = Device[device].engine
    return found


def buffer(size: int, fill: int | None = None) -> Buffer:
    made = Buffer(WASM, size, dtypes.uint8, preallocate=True)
    if fill is not None:
        made.allocator._copyin(made._buf, memoryview(bytearray([fill]) * size))
    return made


def test_the_example_of_the_package() -> None:
    assert (Tensor([1, 2, 3], device=WASM) * 2).tolist() == [2, 4, 6]


def test_values_without_a_device_can_be_read() -> None:
    """tinygrad computes them on its device CPU, which a machine without a C compiler has from us."""
    assert Tensor.arange(4).tolist() == [0, 1, 2, 3]


@pytest.mark.parametrize("size", [1, 3, 64, 65, 100_000])
def test_what_is_copied_in_is_copied_out(size: int) -> None:
    made, content = buffer(size), np.random.default_rng(size).bytes(size)
    made.allocator._copyin(made._buf, memoryview(bytearray(content)))
    assert bytes(made.as_memoryview()) == content


def test_freed_memory_is_used_again() -> None:
    first = buffer(4096)
    address, end = first._buf.address, engine().arena.end
    for _ in range(50):
        first.deallocate()
        first = buffer(4096)
        assert first._buf.address == address
    assert engine().arena.end == end


def test_memory_grows_and_keeps_what_it_holds() -> None:
    small = buffer(1000, fill=7)
    pages = engine().arena.pages
    large = buffer(3 << 20, fill=9)
    assert engine().arena.pages > pages + 40
    assert set(bytes(small.as_memoryview())) == {7}
    assert set(bytes(large.as_memoryview())) == {9}


@settings(max_examples=30)
@given(st.lists(st.tuples(st.integers(1, 3000), st.booleans()), min_size=1, max_size=20))
def test_buffers_never_overlap(steps: list[tuple[int, bool]]) -> None:
    kept: list[tuple[Buffer, int]] = []
    for number, (size, drops) in enumerate(steps, start=1):
        kept.append((buffer(size, fill=number), number))
        if drops:
            del kept[0]
    for made, number in kept:
        assert set(bytes(made.as_memoryview())) == {number}


def test_a_view_is_part_of_its_buffer_and_is_freed_with_it() -> None:
    base = buffer(256, fill=1)
    view = base.view(10, dtypes.uint8, 100).ensure_allocated()
    view.allocator._copyin(view._buf, memoryview(bytearray([5]) * 10))
    assert bytes(base.as_memoryview()) == bytes([1] * 100 + [5] * 10 + [1] * 146)
    end = engine().arena.end
    view.deallocate()
    assert bytes(base.as_memoryview())[105] == 5
    del view, base
    assert engine().arena.end <= end


def test_tensors_give_their_memory_back() -> None:
    def use() -> None:
        a = Tensor(np.ones((200, 200), np.float32), device=WASM)
        ((a @ a) + 1).relu().sum().item()

    ends = []
    for _ in range(4):
        use()
        gc.collect()
        ends.append(engine().arena.end)
    assert ends[-1] == ends[1]


def test_memory_that_does_not_exist_is_refused_and_the_rest_stays() -> None:
    kept = buffer(100, fill=3)
    with pytest.raises(MemoryError, match=r"Allocation of .* failed on WASM"):
        buffer(1 << 33)
    assert set(bytes(kept.as_memoryview())) == {3}
    assert buffer(100) is not None


def test_memory_from_outside_is_refused() -> None:
    with pytest.raises(MemoryError) as caught:
        Buffer(WASM, 4, dtypes.uint8, options=BufferSpec(external_ptr=4096), preallocate=True)
    assert "cannot use memory from outside" in str(caught.value.__cause__)


def test_two_devices_have_two_memories() -> None:
    there = Tensor([1.0, 2.0], device=WASM).realize().to(f"{WASM}:1").realize()
    assert engine(f"{WASM}:1") is not engine()
    assert (there + 1).tolist() == [2, 3]
    whole = Tensor(np.arange(8, dtype=np.float32), device=WASM).shard((WASM, f"{WASM}:1"), axis=0)
    assert (whole * 2).sum().item() == 56


def test_a_jitted_function_runs_on_new_inputs() -> None:
    calls = []

    @TinyJit
    def step(x: Tensor, y: Tensor) -> Tensor:
        calls.append(1)
        return ((x @ y).relu() + x.sum(0)).softmax(-1).realize()

    rng = np.random.default_rng(0)
    for _ in range(5):
        a, b = (rng.standard_normal((7, 7)).astype(np.float32) for _ in range(2))
        found = step(Tensor(a, device=WASM).realize(), Tensor(b, device=WASM).realize()).numpy()
        logits = np.maximum(a @ b, 0) + a.sum(0)
        e = np.exp(logits - logits.max(-1, keepdims=True))
        np.testing.assert_allclose(found, e / e.sum(-1, keepdims=True), atol=1e-6)
    assert len(calls) == 2


def test_the_launches_of_a_jitted_function_follow_its_inputs_and_variables() -> None:
    @TinyJit
    def step(x: Tensor, at: object) -> Tensor:
        sums = (x + x.sum().contiguous()).contiguous()
        return (sums[2:6].sum() + (sums * sums).sum().contiguous() + x.shrink(((at, at + 2),)).sum()).realize()

    rng = np.random.default_rng(3)
    for start in range(5):
        x = rng.standard_normal(8).astype(np.float32)
        found = step(Tensor(x, device=WASM).realize(), Variable("at", 0, 6).bind(start)).item()
        sums = x + x.sum()
        np.testing.assert_allclose(found, sums[2:6].sum() + (sums**2).sum() + x[start : start + 2].sum(), rtol=1e-5)
    assert step.captured is not None
    graphs = [call.src[0] for call in step.captured.linear.src if call.src[0].op is Ops.CUSTOM_FUNCTION]
    assert [graph.arg for graph in graphs] == ["graph"]


def train(device: str, steps: int = 4) -> list[list[float]]:
    """The losses and the last weights of a small network in training, from given numbers."""
    rng = np.random.default_rng(1)
    layers = [nn.Linear(6, 8), nn.Linear(8, 3)]
    for layer in layers:
        for name in ("weight", "bias"):
            values = (rng.standard_normal(getattr(layer, name).shape) * 0.3).astype(np.float32)
            setattr(layer, name, Tensor(values, device=device).realize())
    optimizer = nn.optim.SGD(nn.state.get_parameters(layers), lr=0.1, momentum=0.9)
    x, y = rng.standard_normal((steps, 5, 6)).astype(np.float32), rng.integers(0, 3, (steps, 5)).astype(np.int32)

    @TinyJit
    def step(images: Tensor, labels: Tensor) -> Tensor:
        optimizer.zero_grad()
        loss = layers[1](layers[0](images).relu()).sparse_categorical_crossentropy(labels).backward()
        optimizer.step()
        return loss.realize()

    with Context(TRAINING=1):
        losses = [
            step(Tensor(x[i], device=device).realize(), Tensor(y[i], device=device).realize()).item()
            for i in range(steps)
        ]
    return [losses, *(layer.weight.numpy().ravel().tolist() for layer in layers)]


def test_training_equals_tinygrads_reference_device() -> None:
    for found, wanted in zip(train(WASM), train("PYTHON"), strict=True):
        np.testing.assert_allclose(found, wanted, atol=1e-6, rtol=0)


def test_the_variant_with_fused_multiply_adds_is_chosen_by_name() -> None:
    rng = np.random.default_rng(2)
    a, b = (rng.standard_normal((16, 16)).astype(np.float32) for _ in range(2))
    with Context(DEV=f"{WASM}:RELAXEDWASM"):
        found = (Tensor(a, device=WASM) @ Tensor(b, device=WASM)).numpy()
        assert type(Device[WASM].renderer).__name__ == "RelaxedWasmRenderer"
    np.testing.assert_allclose(found, a @ b, atol=1e-5)


def test_programs_are_captured_as_before() -> None:
    """The device and the compiler share tinygrad, whose heuristic for tiles both of them replace."""

    def program() -> bytes:
        with Capture("infer", "wasm") as c:
            c.output("y", c.buffer("x", "input", (8, 16)) @ c.buffer("w", "weight", (16, 8)))
        return b"".join(kernel.module for kernel in c.program.kernels.values())

    before = program()
    (Tensor([1.0], device=WASM) + 1).realize()
    assert program() == before
    assert (Tensor([[1.0, 2.0]], device=WASM) @ Tensor([[1.0], [2.0]], device=WASM)).item() == 5
