"""Our safetensors reader against the reference library, and against files that are none."""

import contextlib

import numpy as np
import pytest
import safetensors.numpy
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from numpy.typing import NDArray

from tabgrad.network import WeightsError, load_safetensors, save_safetensors

DTYPES = st.sampled_from(["float32", "float16", "int64", "int32", "uint8", "bool"])
TENSORS = st.dictionaries(
    st.text("abc.0_é", min_size=1, max_size=8),
    DTYPES.flatmap(lambda t: arrays(t, array_shapes(min_dims=0, max_dims=3, max_side=5))),
    max_size=4,
)


@given(TENSORS, st.dictionaries(st.text(max_size=5), st.text(max_size=5), max_size=2))
def test_the_library_reads_what_we_write(tensors: dict[str, NDArray[np.generic]], metadata: dict[str, str]) -> None:
    data = save_safetensors(tensors, metadata)
    theirs = safetensors.numpy.load(data)
    ours, notes = load_safetensors(data)
    assert notes == metadata
    assert theirs.keys() == ours.keys() == tensors.keys()
    for name, array in tensors.items():
        for copy in (theirs[name], ours[name]):
            assert (copy.dtype, copy.shape) == (array.dtype, array.shape)
            np.testing.assert_array_equal(copy, array)


@given(TENSORS)
def test_we_read_what_the_library_writes(tensors: dict[str, NDArray[np.generic]]) -> None:
    ours, _ = load_safetensors(safetensors.numpy.save(tensors))
    for name, array in tensors.items():
        np.testing.assert_array_equal(ours[name], array)


@given(st.binary(max_size=64))
def test_any_bytes_give_tensors_or_a_sentence(data: bytes) -> None:
    with contextlib.suppress(WeightsError):  # nothing else may come out
        load_safetensors(data)


@given(st.data())
def test_truncation_is_noticed(data: st.DataObject) -> None:
    whole = save_safetensors({"w": np.arange(12, dtype=np.float32).reshape(3, 4)})
    with pytest.raises(WeightsError):
        load_safetensors(whole[: data.draw(st.integers(0, len(whole) - 1))])


def test_equal_tensors_give_equal_bytes() -> None:
    a, b = np.ones((2, 3), np.float32), np.zeros(4, np.int32)
    assert save_safetensors({"a": a, "b": b}) == save_safetensors({"b": b, "a": a})


def test_a_dtype_that_it_cannot_hold_has_a_sentence() -> None:
    with pytest.raises(WeightsError, match="complex64"):
        save_safetensors({"z": np.zeros(2, np.complex64)})
