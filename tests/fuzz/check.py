"""Runs one random expression through the WebAssembly engine and compares it with NumPy.

The whole memory is filled with NaN first: a kernel that reads what it should not, or uses what it reads behind a gate,
shows it. The slack at both ends of the arena must still be NaN afterwards: kernels may read there, never write.
"""

from __future__ import annotations

import asyncio
import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from tabgrad.backends.wasm import WasmDevice, WasmExecutable
from tabgrad.backends.wasm.arena import PAGE_BYTES
from tabgrad.program import Program
from tabgrad.program.wasm_binary import SLACK_BYTES
from tests.fuzz import integers
from tests.fuzz.expressions import Array, Expr, Generator

#: float32 against float64, relative to the largest value.
TOLERANCE = 5e-5
#: Of the sum of |gradient * direction|, with this step of the difference quotient.
GRADIENT_TOLERANCE, STEP = 1e-4, 1e-6
#: Larger results are left out, to be quick.
MAX_VALUES = 100_000
VARIANTS = ("simd", "relaxed")


@dataclass
class Failure:
    """An expression that came out wrong; `seed` makes it again."""

    seed: int
    text: str
    reason: str

    def __str__(self) -> str:
        return f"seed {self.seed}: {self.reason}\n  {self.text}"


class StrayWriteError(Exception):
    """The slack around the program's buffers has changed."""


def poison(device: WasmDevice) -> None:
    """Fill the memory with NaN."""
    device.host.write(0, np.full(device.arena.pages * PAGE_BYTES // 4, np.nan, np.float32))


def slack_is_untouched(device: WasmDevice) -> bool:
    """Whether both ends of the memory are still NaN."""
    ends = np.empty((2, SLACK_BYTES // 4), np.float32)
    device.host.read(0, ends[0])
    device.host.read(device.arena.pages * PAGE_BYTES - SLACK_BYTES, ends[1])
    return bool(np.isnan(ends).all())


class Inputs(list[Any]):
    """tinygrad buffers a0, a1, ..., declared when an expression first asks for them: it may not use all it drew."""

    def __init__(self, c: Any, arrays: list[Array]) -> None:
        super().__init__([None] * len(arrays))
        self.c, self.arrays = c, arrays

    def __getitem__(self, index: Any) -> Any:
        if super().__getitem__(index) is None:
            array = self.arrays[index]
            self[index] = self.c.buffer(f"a{index}", "input", array.shape, array.dtype.name)
        return super().__getitem__(index)


def capture(expr: Expr, inputs: list[Array], variant: str) -> Program:
    """The program of an expression: inputs a0, a1, ... and one output."""
    from tabgrad.compiler import Capture

    with Capture("fuzz", "wasm", variant) as c:
        c.output("out", expr.build(Inputs(c, inputs)) + 0)
    return c.program


def capture_gradient(expr: Expr, inputs: list[Array], weights: Array, variant: str) -> tuple[Program, int]:
    """The gradient of sum(weights * expression) by the first input that it uses, and that input's number."""
    from tabgrad.compiler import Capture

    with Capture("gradient", "wasm", variant) as c:
        tensors = Inputs(c, [*inputs, weights])
        loss = (expr.build(tensors) * tensors[len(inputs)].reshape(expr.shape)).sum()
        first = next(i for i, t in enumerate(list.__iter__(tensors)) if t is not None)
        (gradient,) = loss.gradient(tensors[first])
        c.output("out", gradient + 0)
    return c.program, first


def run(device: WasmDevice, program: Program, inputs: list[Array]) -> Array:
    """The output, computed on poisoned memory. Raises StrayWriteError."""
    executable: WasmExecutable = asyncio.run(device.load(program))
    try:
        poison(device)
        for buffer in program.by_role("const"):
            data: Any = np.frombuffer(buffer.data, buffer.dtype)
            executable.write(buffer.name, data)
        given = {b.name: inputs[int(b.name[1:])] for b in program.by_role("input")}
        out = asyncio.run(executable.run(given, ["out"]))["out"]
        if not slack_is_untouched(device):
            raise StrayWriteError("a kernel wrote outside of its buffers")
        return out
    finally:
        executable.destroy()


def check(device: WasmDevice, seed: int) -> Failure | None:
    """Make the expression of this seed, run it, compare. One in four is about integers, one about a gradient."""
    g = Generator(np.random.default_rng(seed))
    steps = int(g.rng.integers(1, 7))
    expr = integers.grow(g, steps) if seed % 4 == 0 else g.grow(steps)
    if math.prod(expr.shape) > MAX_VALUES:
        return None
    judge = check_gradient if seed % 4 == 1 else check_value
    try:
        with np.errstate(all="ignore"):
            reason = judge(device, expr, g, VARIANTS[seed // 4 % 2])
    except Exception as error:
        if "never touches" in str(error):  # tinygrad saw that an input cannot matter (argmax of one element)
            return None
        reason = repr(error)
    return Failure(seed, expr.text, reason) if reason else None


def check_value(device: WasmDevice, expr: Expr, g: Generator, variant: str) -> str:
    """What is wrong with the expression's value, or nothing. Integers must be equal."""
    expected = expr.value(g.inputs)
    got = run(device, capture(expr, g.inputs, variant), g.inputs)
    if got.size != expected.size:
        return f"{got.size} values instead of {expected.size}"
    if expected.dtype.kind in "iub":
        wrong = got.reshape(-1) != expected.reshape(-1)
        return f"{int(wrong.sum())} of {wrong.size} integers differ" if wrong.any() else ""
    scale = max(1.0, float(np.abs(expected).max(initial=0)))
    error = float(np.abs(got.reshape(-1) - expected.reshape(-1)).max(initial=0)) / scale
    return "" if error < TOLERANCE else f"off by {error:.2e} of the largest value"


def check_gradient(device: WasmDevice, expr: Expr, g: Generator, variant: str) -> str:
    """What is wrong with a gradient: its product with a random direction must be NumPy's difference quotient."""
    weights = g.rng.standard_normal(expr.shape).astype(np.float32)
    program, first = capture_gradient(expr, g.inputs, weights, variant)
    gradient = run(device, program, [*g.inputs, weights]).astype(np.float64)
    start = g.inputs[first].astype(np.float64)
    direction = g.rng.standard_normal(start.shape)

    def loss(step: float) -> float:
        # float64 inputs: the leaves only widen, so that a tiny step is not lost
        inputs: list[Array] = [start + step * direction if i == first else a for i, a in enumerate(g.inputs)]
        return float((expr.value(inputs) * weights).sum())

    expected = (loss(STEP) - loss(-STEP)) / (2 * STEP)
    products = gradient.reshape(-1) * direction.reshape(-1)
    error = abs(float(products.sum()) - expected) / max(1.0, float(np.abs(products).sum()))
    return "" if error < GRADIENT_TOLERANCE else f"the gradient is off by {error:.2e}"
