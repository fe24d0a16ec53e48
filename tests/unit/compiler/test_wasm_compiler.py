"""What the WebAssembly compiler writes: valid modules, vectors where expected, and a sentence for what it cannot do."""

from __future__ import annotations

import asyncio
import json
import subprocess
from base64 import b64encode
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from tabgrad import model
from tabgrad.backends.wasm import open_device
from tabgrad.compiler import Capture, wasm
from tabgrad.compiler.wasm.linear import UnsupportedOpError
from tabgrad.explain.wasm_reader import Instruction, read_kernel
from tabgrad.program import Program
from tabgrad.program.wasm_binary import sleb, uleb

VARIANTS = ("simd", "relaxed")
NODE_VALIDATES = """
const lines = require("fs").readFileSync(0, "utf8").split("\\n").filter(Boolean);
console.log(JSON.stringify(lines.map(line => WebAssembly.validate(Buffer.from(line, "base64")))));
"""


def compiled(
    function: Callable[..., Any], *shapes: tuple[int, ...], variant: str = "simd", dtype: str = "float32"
) -> Program:
    """The program of a function of tensors a0, a1, ... with the output "out"."""
    with Capture("test", "wasm", variant) as c:
        tensors = [c.buffer(f"a{i}", "input", shape, dtype) for i, shape in enumerate(shapes)]
        c.output("out", function(*tensors))
    return c.program


def computed(program: Program, *arrays: NDArray[Any]) -> NDArray[Any]:
    """Its output for these inputs."""

    async def main() -> NDArray[Any]:
        device = await open_device()
        executable = await device.load(program)
        return (await executable.run({f"a{i}": a for i, a in enumerate(arrays)}, ["out"]))["out"]

    return asyncio.run(main())


def listing(program: Program) -> list[Instruction]:
    """All instructions of the program's only kernel."""
    (kernel,) = program.kernels.values()
    return list(read_kernel(kernel.module)[1])


def innermost_loop(code: list[Instruction]) -> list[str]:
    """Names of the instructions of the first loop that holds no other one."""
    end = next(i for i, x in enumerate(code) if x.name == "br_if")
    start = max(i for i, x in enumerate(code[:end]) if x.name == "loop")
    return [x.name for x in code[start:end]]


@given(st.integers(0, 2**40))
def test_uleb_is_seven_bits_per_byte(value: int) -> None:
    data = uleb(value)
    assert sum((byte & 0x7F) << 7 * i for i, byte in enumerate(data)) == value
    assert all(byte & 0x80 for byte in data[:-1])
    assert not data[-1] & 0x80
    assert len(data) == max(1, -(-value.bit_length() // 7))


@given(st.integers(-(2**63), 2**63 - 1))
def test_sleb_has_its_sign_in_the_last_byte(value: int) -> None:
    data = sleb(value)
    raw = sum((byte & 0x7F) << 7 * i for i, byte in enumerate(data))
    assert raw - (1 << 7 * len(data) if data[-1] & 0x40 else 0) == value


@pytest.mark.parametrize("variant", VARIANTS)
def test_modules_are_valid_in_v8(variant: str) -> None:
    """wasmtime validates what it loads; V8 is the engine of Chromium and Node."""
    spec = {"kind": "cnn", "stages": ["conv3x4", "pool", "dense16"]}
    recipe = model.Training(batch=8, optimizer="muon")
    programs = [model.saliency(spec, "wasm", variant), model.training(spec, recipe, "wasm", variant)]
    text = "\n".join(b64encode(k.module).decode() for p in programs for k in p.kernels.values())
    # in Node 20 relaxed SIMD is still behind a flag, which newer versions no longer have
    known = subprocess.run(["node", "--v8-options"], capture_output=True, text=True, check=True).stdout
    flag = "--experimental-wasm-relaxed-simd"
    command = ["node", *([flag] if flag in known else []), "-e", NODE_VALIDATES]
    done = subprocess.run(command, input=text, capture_output=True, text=True, check=True)
    verdicts = json.loads(done.stdout)
    assert len(verdicts) > 20
    assert all(verdicts)


@pytest.mark.parametrize(("variant", "product"), [("simd", "f32x4.mul"), ("relaxed", "f32x4.relaxed_madd")])
def test_a_matrix_product_is_all_vectors(variant: str, product: str) -> None:
    names = innermost_loop(listing(compiled(lambda a, b: a @ b, (64, 256), (256, 64), variant=variant)))
    assert names.count(product) == 8  # the tile: eight vector accumulators
    assert not [n for n in names if n.startswith("f32.") or "lane" in n]
    assert sum(n.startswith("v128.load") for n in names) <= 6


def test_a_sum_along_memory_is_horizontal() -> None:
    program = compiled(lambda a: a.sum(1), (3, 4096))
    names = innermost_loop(listing(program))
    assert "v128.load" in names
    assert "f32x4.add" in names
    assert "f32.load" not in names
    ones = np.ones((3, 4096), np.float32)
    np.testing.assert_array_equal(computed(program, ones), [4096] * 3)


def test_pixels_are_widened_four_at_a_time() -> None:
    names = innermost_loop(listing(compiled(lambda a: a.float() / 255, (64, 784), dtype="uint8")))
    assert "i32x4.extend_low_i16x8_u" in names
    assert "i32.load8_u" not in names


def test_loop_invariant_work_leaves_the_loop() -> None:
    """exp(b) depends on the outer loop only."""
    names = innermost_loop(listing(compiled(lambda a, b: (a * b.exp()).sum(0), (512, 8), (8,))))
    assert sum(n.startswith("f32x4.") for n in names) == 2  # the product and the sum


@pytest.mark.parametrize("variant", VARIANTS)
def test_sin_is_accurate_over_its_whole_range(variant: str) -> None:
    rng = np.random.default_rng(0)
    exponents = rng.uniform(-30, 38.5, 4000)
    x = (rng.choice([-1, 1], 4000) * 10**exponents).astype(np.float32)
    x[:6] = np.array([0, -0.0, np.pi, 30, -30, np.finfo(np.float32).max])
    got = computed(compiled(lambda a: a.sin(), (4000,), variant=variant), x)
    np.testing.assert_allclose(got, np.sin(x.astype(np.float64)), atol=3e-7)
    special = np.array([np.inf, -np.inf, np.nan, 1], np.float32)
    got = computed(compiled(lambda a: a.sin(), (4,), variant=variant), special)
    assert np.isnan(got[:3]).all()
    assert got[3] == pytest.approx(np.sin(1))


def test_division_by_zero_does_not_trap() -> None:
    """tinygrad computes both sides of a `where`; WebAssembly would stop the program."""
    program = compiled(lambda a, b: (b == 0).where(7, a // b), (8,), (8,), dtype="int32")
    a = np.array([1, -(2**31), 5, -7, 0, 9, -9, 2**31 - 1], np.int32)
    b = np.array([0, -1, 2, 2, 0, -4, 4, 0], np.int32)
    assert computed(program, a, b)[[0, 2, 3, 4, 5, 6, 7]].tolist() == [7, 2, -4, 7, -3, -3, 7]


def test_a_label_out_of_range_reads_nothing_out_of_bounds() -> None:
    program = compiled(lambda a: a.one_hot(10).float(), (6,), dtype="int32")
    got = computed(program, np.array([0, 9, 10, -1, 2**31 - 1, -(2**31)], np.int32))
    assert got.sum(1).tolist() == [1, 1, 0, 0, 0, 0]


def test_float16_is_stored_as_such_and_computed_in_float32() -> None:
    from tinygrad import dtypes

    program = compiled(lambda a: (a.cast(dtypes.float16).contiguous() * 2).float(), (64,))
    x = np.linspace(-100, 100, 64, dtype=np.float32)
    np.testing.assert_allclose(computed(program, x), x.astype(np.float16).astype(np.float32) * 2, rtol=1e-3)


def test_random_numbers_come_from_64_bit_integers() -> None:
    from tinygrad import Tensor

    with Capture("test", "wasm", "simd") as c:
        c.random_state()
        c.output("out", Tensor.rand(4096))
    got = computed(c.program)
    assert 0 <= got.min() < 0.01
    assert 0.99 < got.max() < 1
    assert abs(got.mean() - 0.5) < 0.02


def test_the_error_names_what_cannot_be_compiled() -> None:
    from tinygrad import dtypes

    with pytest.raises(UnsupportedOpError, match=r"cannot (load|compute) .*double"):
        compiled(lambda a: (a.cast(dtypes.float64) * 2).cast(dtypes.float32), (8,))


def test_the_bytes_in_the_readme_are_what_the_compiler_writes() -> None:
    text = (Path(wasm.__file__).parent / "README.md").read_text().split("**Bytes.**")[1].split("A test compiles")[0]
    lines = [line.strip().split("  ")[0] for line in text.splitlines() if line.startswith("    ")]
    (kernel,) = compiled(lambda a, b: a @ b, (3,), (3, 4)).kernels.values()
    assert bytes.fromhex("".join(lines)) == kernel.module
