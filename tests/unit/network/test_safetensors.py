"""Our safetensors reader against the reference library, and against files that are none."""

import contextlib

import numpy as np
import pytest
import safetensors.numpy
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from numpy.typing import NDArray

from tabgrad.network import WeightsError, load_safetensors, read_header, save_safetensors

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


def file_of(header: str | bytes, body: bytes = bytes(8)) -> bytes:
    text = header.encode() if isinstance(header, str) else header
    return len(text).to_bytes(8, "little") + text + body


def tensor(shape: str = "[2]", offsets: str = "[0,8]", dtype: str = '"F32"') -> str:
    return f'{{"dtype":{dtype},"shape":{shape},"data_offsets":{offsets}}}'


def one(*parts: str, **named: str) -> str:
    """A header with one tensor."""
    return '{"a":' + tensor(*parts, **named) + "}"


GOOD = one()
TWO = f'{{"a":{tensor("[1]", "[0,4]")},"b":{tensor("[1]", "[4,8]")}}}'
BAD: dict[str, bytes] = {
    "nested": file_of("[" * 5000),
    "nested objects": file_of('{"a":' * 5000),
    "thousands of tensors in another spelling": file_of(
        "{" + ",".join(f'"{i}":' + tensor("[0]", "[0,0]").replace("_", "\\u005f") for i in range(1001)) + "}"
    ),
    "a byte order mark": file_of(b"\xef\xbb\xbf" + GOOD.encode()),
    "UTF-16": file_of(GOOD.encode("utf-16")),
    "UTF-16 without a mark": file_of(GOOD.encode("utf-16-le")),
    "a space before the header": file_of(" " + GOOD),
    "a list": file_of("[]"),
    "overlapping offsets": file_of(TWO.replace("[4,8]", "[0,4]")),
    "offsets with a gap": file_of(TWO.replace("[4,8]", "[5,9]"), bytes(9)),
    "offsets that begin late": file_of(one("[1]", "[4,8]")),
    "data after the last tensor": file_of(GOOD, bytes(9)),
    "data that is missing": file_of(GOOD, bytes(7)),
    "a name twice": file_of(f'{{"a":{tensor("[1]", "[0,4]")},"a":{tensor("[1]", "[4,8]")}}}'),
    "a shape of fractions": file_of(one("[2.9]")),
    "a shape of whole fractions": file_of(one("[2.0]")),
    "a shape of texts": file_of(one('["2"]')),
    "a shape of truths": file_of(one("[true, 2]")),
    "a negative shape": file_of(one("[-1, -2]")),
    "a shape that is no list": file_of(one("2")),
    "a shape of another size": file_of(one("[3]")),
    "a shape that overflows": file_of(one("[0, 9007199254740991]", "[0,0]"), b""),
    "fractional offsets": file_of(one(offsets="[0,8.5]")),
    "whole fractional offsets": file_of(one(offsets="[0.0,8.0]")),
    "offsets as text": file_of(one(offsets='["0","8"]')),
    "three offsets": file_of(one(offsets="[0,4,8]")),
    "offsets backwards": file_of(one(offsets="[8,0]")),
    "offsets of 400 digits": file_of(one(offsets="[0," + "9" * 400 + "]")),
    "an unknown dtype": file_of(one(dtype='"Q9"')),
    "a long dtype": file_of(one(dtype='"' + "Q" * 9999 + '"')),
    "a dtype that is a list": file_of(one(dtype="[]")),
    "no dtype": file_of('{"a":{"shape":[2],"data_offsets":[0,8]}}'),
    "a tensor that is a number": file_of('{"a":3}'),
    "metadata of numbers": file_of(f'{{"__metadata__":{{"step":3}},"a":{tensor()}}}'),
    "metadata that is a list": file_of(f'{{"__metadata__":[],"a":{tensor()}}}'),
    "a truth that is 2": file_of(one("[8]", dtype='"BOOL"'), bytes([1, 0, 2, 0, 0, 0, 0, 0])),
    "many tensors": file_of("{" + ",".join(f'"{i}":{tensor("[0]", "[0,0]")}' for i in range(2000)) + "}", b""),
    "a header without an end": (1 << 40).to_bytes(8, "little") + b"{",
    "a header of 5 MB": file_of(GOOD + " " * (5 << 20)),
}


@pytest.mark.parametrize("what", BAD)
def test_what_the_format_does_not_allow_is_one_short_sentence(what: str) -> None:
    reads = (load_safetensors,) if what == "a truth that is 2" else (load_safetensors, read_header)
    for read in reads:
        with pytest.raises(WeightsError) as caught:
            read(BAD[what])
        assert str(caught.value).endswith(".")
        assert len(str(caught.value)) <= 160


def test_tensors_may_stand_in_any_order_and_be_empty() -> None:
    header = f'{{"b":{tensor("[1]", "[4,8]")},"e":{tensor("[0,3]", "[4,4]")},"a":{tensor("[]", "[0,4]")}}}'
    body = np.array([1, 2], np.float32).tobytes()
    tensors, _ = load_safetensors(file_of(header + "   ", body))
    assert {name: (t.shape, t.tolist()) for name, t in tensors.items()} == {
        "b": ((1,), [2]),
        "e": ((0, 3), []),
        "a": ((), 1),
    }
