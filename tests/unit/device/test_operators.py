"""tinygrad's operators on the device WASM give what NumPy gives, or are refused in a sentence."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tinygrad_device
from scripts.device_operators import DTYPES, ELEMENTWISE, OPERATORS, REDUCTIONS, REFUSED, Operator, difference
from tabgrad.program import ProgramError

from tinygrad import Tensor, Variable, dtypes  # isort: skip # after the device

#: The others differ from these in width or sign alone, and the tests with random shapes draw them.
EACH = ("float32", "float16", "int8", "int32", "int64", "uint8", "bool")
#: Every shape works for these.
ANY_SHAPE = [*ELEMENTWISE, *(o for o in REDUCTIONS if o.name not in ("std", "layernorm"))]


@pytest.mark.parametrize("operator", OPERATORS, ids=lambda operator: operator.name)
def test_an_operator_agrees_with_numpy(operator: Operator) -> None:
    faults = {dtype: operator.fault(dtype) for dtype in EACH if dtype in operator.dtypes}
    assert {dtype: fault for dtype, fault in faults.items() if fault} == {}


@settings(max_examples=60)
@given(st.data())
def test_operators_agree_with_numpy_for_any_shape_and_dtype(data: st.DataObject) -> None:
    operator = data.draw(st.sampled_from(ANY_SHAPE), label="operator")
    dtype = data.draw(st.sampled_from([d for d in operator.dtypes if d != REFUSED]), label="dtype")
    shape = tuple(data.draw(st.lists(st.integers(1, 9), min_size=1, max_size=4), label="shape"))
    assert operator.fault(dtype, shape, data.draw(st.integers(0, 99), label="seed")) == ""


@settings(max_examples=15)
@given(st.integers(1, 70), st.integers(1, 70), st.integers(1, 70), st.sampled_from(["float32", "int32", "uint8"]))
def test_products_of_matrices_of_any_size(rows: int, inner: int, columns: int, dtype: str) -> None:
    rng = np.random.default_rng(rows * inner * columns)
    a, b = (rng.integers(0, 9, shape).astype(dtype) for shape in ((rows, inner), (inner, columns)))
    found = Tensor(a, device=tinygrad_device.DEVICE) @ Tensor(b, device=tinygrad_device.DEVICE)
    assert difference(found.numpy(), a @ b, 0) == ""


@settings(max_examples=25)
@given(st.sampled_from(DTYPES), st.sampled_from(DTYPES), st.lists(st.integers(0, 100), min_size=1, max_size=9))
def test_numbers_that_both_dtypes_have_survive_a_cast(of: str, to: str, numbers: list[int]) -> None:
    if REFUSED not in (of, to):
        wanted = np.array(numbers).astype(of).astype(to)
        found = Tensor(numbers, dtype=of, device=tinygrad_device.DEVICE).cast(to).numpy()
        assert found.dtype == wanted.dtype
        assert found.tolist() == wanted.tolist()


@pytest.mark.parametrize("name", ["bfloat16", "fp8e4m3"])
@pytest.mark.parametrize("reduce", ["sum", "max", "prod"])
def test_formats_that_numpy_lacks_are_computed_in_float32(name: str, reduce: str) -> None:
    numbers = Tensor([1.0, 2.0, 3.0, 0.5], dtype=getattr(dtypes, name), device=tinygrad_device.DEVICE)
    wanted = {"sum": 6.5, "max": 3, "prod": 3}[reduce]
    assert getattr(numbers, reduce)().cast(dtypes.float32).item() == wanted


def test_float64_is_refused_by_its_name() -> None:
    wide = Tensor([1.5, 2.5], dtype=dtypes.float64, device=tinygrad_device.DEVICE).realize()
    with pytest.raises(ProgramError, match=r"cannot compute .* in double; cast to float32 or an integer first\.$"):
        (wide * 2).realize()
    assert wide.tolist() == [1.5, 2.5]  # it is kept, not computed with


def test_lengths_may_be_variables() -> None:
    rng = np.random.default_rng(0)
    a, b = (rng.standard_normal((10, 10)).astype(np.float32) for _ in range(2))
    left, right = (Tensor(x, device=tinygrad_device.DEVICE).realize() for x in (a, b))
    for length in (0, 1, 4, 10):
        n = Variable("n", 0, 10).bind(length)
        np.testing.assert_allclose((left[:, :n] @ right[:n]).numpy(), a[:, :length] @ b[:length], atol=1e-5)
        m = Variable("m", 1, 10).bind(max(length, 1))
        np.testing.assert_allclose(left[:, :m].softmax().sum().item(), 10, atol=1e-5)


@pytest.mark.parametrize("start", [0, 3, 6])
def test_a_variable_is_passed_by_value(start: int) -> None:
    numbers = Tensor(list(range(8)), device=tinygrad_device.DEVICE).realize()
    at = Variable("at", 0, 6).bind(start)
    assert numbers.shrink(((at, at + 2),)).contiguous().tolist() == [start, start + 1]


def test_a_variable_of_64_bits_is_refused_by_its_name() -> None:
    wide = Variable("wide", 0, 2**40, dtype=dtypes.int64).bind(2**35)
    with pytest.raises(ProgramError, match=r"no variables in long, only in int32\.$"):
        Tensor(wide).clone(tinygrad_device.DEVICE).item()


def test_division_by_zero_does_not_stop_a_kernel() -> None:
    """WebAssembly's own division would."""
    assert (Tensor([7, 8], device=tinygrad_device.DEVICE) // Tensor([0, 2], device=tinygrad_device.DEVICE))[
        1
    ].item() == 4
