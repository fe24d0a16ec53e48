"""Numbers at the edges: NaN, infinities, zeros with a sign, subnormals, very large numbers, on every engine natively.

Expected is what NumPy computes. Where an engine differs, the reason is written here and in
`py/tabgrad/compiler/wasm/README.md`, and the test holds it to that. "tinygrad's own": tinygrad expresses the operation
by others, and gives the same on every one of its backends.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tabgrad.backends import Device
from tabgrad.backends.wasm import open_device
from tabgrad.compiler import Capture
from tabgrad.program import ProgramError, Target
from tests.native_gpu import open_gpu

Array = NDArray[Any]
INF, NAN = np.inf, np.nan
ENGINES = [("wasm", "simd"), ("wasm", "relaxed"), ("wgsl", "default"), ("wgsl", "gpu"), ("wgsl", "sw")]
NUMBERS = np.array(
    [0.0, -0.0, 1, -1, 0.5, -2.5, 3, INF, -INF, NAN, 2e-38, 3e38, -3e38, 100, -100, 88.8, -88.8, -104, 12345.678, 1e6],
    np.float32,
)
#: Too small for a normal float32. A GPU may take them for 0 (WGSL, 15.7.3), so they are for WebAssembly only.
SUBNORMAL = np.array([1e-40, 1e-45, 9e-39, 3e-42], np.float32)
LEFT, RIGHT = (
    x.reshape(-1)
    for x in np.meshgrid(
        np.array([0.0, -0.0, 1, -1, 2, -2, 0.5, INF, -INF, NAN, 3], np.float32),
        np.array([0.0, -0.0, 1, -1, 2, 0.5, -0.5, 3, INF, -INF, NAN], np.float32),
    )
)
#: A NaN at each place, several, none but NaN, none at all; eight rows, so that engines compute four at a time.
ROWS = np.array(
    [
        [1, NAN, 2, 3, -1],
        [NAN, 1, 2, 3, -1],
        [3, 2, 1, NAN, -1],
        [3, -2, 1, 2, NAN],
        [NAN, NAN, NAN, NAN, NAN],
        [-INF, NAN, INF, 0, NAN],
        [1, 2, 3, 4, 5],
        [NAN, -INF, -INF, -INF, -INF],
    ],
    np.float32,
)


def compute(target: str, variant: str, function: Callable[..., Any], *arrays: Array) -> Array:
    """`function` of tinygrad tensors with these values, on an engine of its own. A bool comes back as 0 or 1."""

    async def main() -> Array:
        device: Device = await (open_gpu() if target == "wgsl" else open_device())
        try:
            executable = await device.load(capture(target, variant, function, *arrays))
            inputs = {f"a{i}": array for i, array in enumerate(arrays)}
            return (await executable.run(inputs, ["out"]))["out"]
        finally:
            device.destroy()

    return asyncio.run(main())


def capture(target: str, variant: str, function: Callable[..., Any], *arrays: Array) -> Any:
    kind: Target = "wgsl" if target == "wgsl" else "wasm"
    with Capture("edges", kind, variant) as c:
        out = function(*(c.buffer(f"a{i}", "input", array.shape) for i, array in enumerate(arrays)))
        c.output("out", out.cast("int32") if out.dtype.name == "bool" else out)
    return c.program


def agree(found: Array, expected: Array, rtol: float = 2e-5) -> None:
    np.testing.assert_allclose(np.asarray(found, np.float64), np.asarray(expected, np.float64), rtol=rtol, atol=1e-30)


def quietly(function: Callable[..., Any], *arrays: Array) -> Array:
    with np.errstate(all="ignore"):
        return np.asarray(function(*(array.astype(np.float64) for array in arrays))).astype(np.float32)


ONE = {
    "exp": np.exp,
    "exp2": np.exp2,
    "log": np.log,
    "log2": np.log2,
    "sqrt": np.sqrt,
    "reciprocal": np.reciprocal,
    "tanh": np.tanh,
    "sigmoid": lambda x: 1 / (1 + np.exp(-x)),
    "abs": np.abs,
    "isnan": np.isnan,
    "isinf": np.isinf,
    "trunc": np.trunc,
    "floor": np.floor,
    "sin": lambda x: np.where(np.abs(x) > 1e30, NAN, np.sin(x)),
}


@pytest.mark.parametrize("name", ONE)
@pytest.mark.parametrize(("target", "variant"), ENGINES)
def test_functions_of_one_number_are_those_of_numpy(target: str, variant: str, name: str) -> None:
    numbers = np.concatenate([NUMBERS, SUBNORMAL]) if target == "wasm" else NUMBERS
    if name == "sin":  # a GPU's own sine of 3e38 is any number
        numbers = numbers[~(np.abs(numbers) > 1e30)]
    agree(compute(target, variant, lambda t: getattr(t, name)(), numbers), quietly(ONE[name], numbers))


@pytest.mark.parametrize("name", ["log", "log2"])
@pytest.mark.parametrize("variant", ["default", "gpu", "sw"])
def test_a_gpu_may_take_the_logarithm_of_a_subnormal_for_that_of_a_smaller_or_larger_one(
    variant: str, name: str
) -> None:
    found = compute("wgsl", variant, lambda t: getattr(t, name)(), SUBNORMAL)
    assert (found <= quietly(ONE[name], np.array([1.2e-38]))).all()


@pytest.mark.parametrize(("target", "variant"), ENGINES)
def test_the_cosine_of_a_large_number_is_off_by_its_shift(target: str, variant: str) -> None:
    """tinygrad's own: it computes the sine of pi / 2 - x, and at 1e6 a float32 has steps of 0.06."""
    numbers = np.array([0, 1, -1, 3, 100, 12345.678, 1e6, -1e6], np.float32)
    found = compute(target, variant, lambda t: t.cos(), numbers)
    assert (np.abs(found - np.cos(numbers.astype(np.float64))) <= 3e-8 * np.abs(numbers) + 1e-6).all()


TWO = {
    "add": (lambda a, b: a + b, np.add),
    "mul": (lambda a, b: a * b, np.multiply),
    "div": (lambda a, b: a / b, np.divide),
    "lt": (lambda a, b: a < b, np.less),
    "gt": (lambda a, b: a > b, np.greater),
    "eq": (lambda a, b: a == b, np.equal),
    "where": (lambda a, b: (a < b).where(a, b), lambda a, b: np.where(a < b, a, b)),
}


@pytest.mark.parametrize("name", TWO)
@pytest.mark.parametrize(("target", "variant"), ENGINES)
def test_functions_of_two_numbers_are_those_of_numpy(target: str, variant: str, name: str) -> None:
    function, expected = TWO[name]
    agree(compute(target, variant, function, LEFT, RIGHT), quietly(expected, LEFT, RIGHT))


@pytest.mark.parametrize(("target", "variant"), ENGINES)
def test_not_equal_is_true_of_nan_on_webassembly(target: str, variant: str) -> None:
    """WGSL has no NaN that a program could count on (15.7.3): wgpu's comparison says no, Chromium's says yes."""
    found = compute(target, variant, lambda a, b: a != b, LEFT, RIGHT)
    has_nan = np.isnan(LEFT) | np.isnan(RIGHT)
    agree(found[~has_nan], (LEFT != RIGHT)[~has_nan])
    if target == "wasm":
        assert found[has_nan].all()


@pytest.mark.parametrize(("target", "variant"), ENGINES)
def test_at_most_is_not_more_than(target: str, variant: str) -> None:
    """tinygrad's own: it writes a <= b as not b < a. So it is true if one of them is NaN."""
    agree(compute(target, variant, lambda a, b: a <= b, LEFT, RIGHT), ~(RIGHT < LEFT))
    agree(compute(target, variant, lambda a, b: a >= b, LEFT, RIGHT), ~(LEFT < RIGHT))


@pytest.mark.parametrize("name", ["maximum", "minimum"])
@pytest.mark.parametrize(("target", "variant"), ENGINES)
def test_of_nan_and_a_number_the_larger_is_either(target: str, variant: str, name: str) -> None:
    left, right = np.resize(LEFT, 124), np.resize(RIGHT, 124)  # four at a time, and in one piece
    for a, b in ((LEFT, RIGHT), (left, right)):
        found = compute(target, variant, lambda x, y: getattr(x, name)(y), a, b)
        expected = getattr(np, name)(a, b)
        has_nan = np.isnan(expected)
        agree(found[~has_nan], expected[~has_nan])
        number = np.where(np.isnan(a), b, a)
        assert (np.isnan(found) | (found == number))[has_nan].all()


@pytest.mark.parametrize("turn", [False, True])
@pytest.mark.parametrize("name", ["max", "min"])
@pytest.mark.parametrize(("target", "variant"), ENGINES)
def test_the_largest_number_is_the_largest_whatever_else_is_nan(
    target: str, variant: str, name: str, turn: bool
) -> None:
    """tinygrad's own tests expect that NaN is dropped by its backends. So a NaN is either dropped or the answer, and
    must never take numbers with it.
    """
    rows = np.concatenate([ROWS, ROWS[:, ::-1], np.roll(ROWS, 2, 1)])
    function = lambda t: getattr(t, name)(0 if turn else 1)  # noqa: E731
    found = compute(target, variant, function, np.ascontiguousarray(rows.T) if turn else rows)
    empty = INF if name == "min" else -INF
    numbers = getattr(np, name)(np.where(np.isnan(rows), empty, rows), axis=1)
    assert (np.isnan(found) | (found == numbers)).all(), (found, numbers)
    whole = ~np.isnan(rows).any(1)
    agree(found[whole], numbers[whole])
    if target == "wasm":
        agree(found, numbers)


@pytest.mark.parametrize(("target", "variant"), ENGINES)
def test_argmax_is_where_the_largest_number_is(target: str, variant: str) -> None:
    """tinygrad's own: it looks for the number that max has found. Among nothing but NaN it finds none."""
    found = compute(target, variant, lambda t: t.argmax(1), ROWS)
    for row, at in zip(ROWS, found.tolist(), strict=True):
        assert at == len(row) or row[at] == np.nanmax(row), row


@pytest.mark.parametrize(("target", "variant"), ENGINES)
def test_powers_are_those_of_numpy_but_for_powers_of_one_and_of_nan(target: str, variant: str) -> None:
    """tinygrad's own: it computes 2 ** (b log2 |a|), and then looks at the sign of a. There 0 times infinity is NaN, a
    zero has lost its sign, and infinity is no whole number. On WGSL it also depends on what the driver makes of zero,
    infinity and NaN: Mesa says that 0 ** -1 is 0.
    """
    found = compute(target, variant, lambda a, b: a.pow(b), LEFT, RIGHT)
    usual = ~((LEFT == 1) & ~np.isfinite(RIGHT)) & ~((LEFT < 0) & np.isinf(RIGHT)) & ~np.isnan(RIGHT)
    usual &= ~((LEFT == 0) & np.signbit(LEFT) & (RIGHT < 0))
    if target == "wgsl":
        usual &= np.isfinite(LEFT) & np.isfinite(RIGHT) & (LEFT != 0)
    agree(found[usual], quietly(np.power, LEFT, RIGHT)[usual], rtol=1e-4)


@pytest.mark.parametrize(("target", "variant"), ENGINES)
def test_a_choice_by_a_mask_takes_every_element(target: str, variant: str) -> None:
    """What `masked_select` is made of: positions by a running sum, and a gather."""
    x = np.random.default_rng(0).normal(0, 1, (32, 10)).astype(np.float32)
    agree(compute(target, variant, lambda t: (t > 0.5).flatten().cumsum().float(), x), np.cumsum(x > 0.5))


@pytest.mark.parametrize(("target", "variant"), ENGINES)
def test_float16_is_computed_or_refused_in_a_sentence(target: str, variant: str) -> None:
    x = (np.arange(1, 65, dtype=np.float32) / 8).reshape(8, 8)
    agree(compute(target, variant, lambda t: t.half().sum(1).float(), x), x.sum(1), rtol=1e-3)
    agree(compute(target, variant, lambda t: (t.half() * 2).float(), x), 2 * x, rtol=1e-3)
    with pytest.raises(ProgramError, match="float16: cast them to float32"):
        capture(target, variant, lambda t: t.half().sum(dtype="half").float(), x)
