"""safetensors, the weights file format: an 8-byte little-endian header length, a JSON header, then raw data.

The reference library is a native extension without a Pyodide build, so the page has this reader; the tests compare it
with the library. It refuses what the format does, and also a name that stands twice, of which the library takes the
last. Format: https://github.com/huggingface/safetensors#format
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tabgrad.incoming import fits, quoted, read_json
from tabgrad.program import DTYPES

_CODES = {
    "BOOL": "bool",
    "I8": "int8",
    "U8": "uint8",
    "I16": "int16",
    "U16": "uint16",
    "I32": "int32",
    "U32": "uint32",
    "I64": "int64",
    "U64": "uint64",
    "F16": "float16",
    "F32": "float32",
}
_NAMES = {name: code for code, name in _CODES.items()}
#: Bytes of the header, which holds the record of a run, and the number of tensors. A checkpoint of the largest network
#: of this page has 60 tensors and some 200 kB. The library allows 100 MB, which would block a page for half a minute.
MAX_HEADER_BYTES, MAX_TENSORS = 4 << 20, 1_000
#: Dimensions of a tensor, and its values.
MAX_DIMENSIONS, MAX_SIZE = 8, 1 << 30


class WeightsError(ValueError):
    """A weights file cannot be used. The message is one sentence, fit to be shown to the visitor."""


DAMAGED = "The weights file's header is damaged: it is not a usable safetensors file."
TOO_MANY = "The weights file has more tensors than any network of this page."
GAPS = "The weights file is damaged: its tensors overlap or do not fill it."


@dataclass(frozen=True, slots=True)
class _Tensor:
    """A tensor's header. Its data are the bytes begin..end of the body."""

    dtype: np.dtype[Any]
    shape: tuple[int, ...]
    begin: int
    end: int


def save_safetensors(tensors: Mapping[str, NDArray[Any]], metadata: Mapping[str, str] | None = None) -> bytes:
    """Serialise `tensors` (any shapes, dtypes of `DTYPES`), sorted by name so that equal tensors give equal bytes."""
    header: dict[str, Any] = {"__metadata__": dict(sorted(metadata.items()))} if metadata else {}
    blobs, offset = [], 0
    for name in sorted(tensors):
        array = np.ascontiguousarray(tensors[name])
        if array.dtype.name not in _NAMES:
            raise WeightsError(f"Tensor {quoted(name)} has dtype {array.dtype.name}, which safetensors cannot hold.")
        blobs.append(array.tobytes())
        header[name] = {
            "dtype": _NAMES[array.dtype.name],
            "shape": list(tensors[name].shape),
            "data_offsets": [offset, offset + len(blobs[-1])],
        }
        offset += len(blobs[-1])
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text + b"".join(blobs)


def load_safetensors(data: bytes) -> tuple[dict[str, NDArray[Any]], dict[str, str]]:
    """Parse a safetensors file into (tensors, metadata). Copies. Raises WeightsError, nothing else."""
    found, metadata, body = _read(data)
    return {name: _values(name, tensor, body) for name, tensor in found.items()}, metadata


def read_header(data: bytes) -> tuple[dict[str, tuple[int, ...]], dict[str, str]]:
    """(shapes of the tensors by name, metadata) of a safetensors file, without its data. Raises WeightsError."""
    found, metadata, _ = _read(data)
    return {name: tensor.shape for name, tensor in found.items()}, metadata


def _read(data: bytes) -> tuple[dict[str, _Tensor], dict[str, str], memoryview]:
    """(headers of the tensors, metadata, raw data), all of it checked. Raises WeightsError."""
    size = int.from_bytes(data[:8], "little")
    if len(data) < 8 or size > len(data) - 8:
        raise WeightsError("The weights file is truncated or is not a safetensors file.")
    if size > MAX_HEADER_BYTES:
        raise WeightsError("The weights file's header is larger than that of any network of this page.")
    text, body = data[8 : 8 + size], memoryview(data)[8 + size :]
    if text.count(b'"data_offsets"') > MAX_TENSORS:
        raise WeightsError(TOO_MANY)
    try:
        header = read_json(text) if text.startswith(b"{") else None
    except ValueError as error:
        raise WeightsError(DAMAGED) from error
    if not isinstance(header, dict) or not fits(metadata := header.pop("__metadata__", {}), dict[str, str]):
        raise WeightsError(DAMAGED)
    if len(header) > MAX_TENSORS:  # with names that are spelled in another way
        raise WeightsError(TOO_MANY)
    found = {name: _header(name, item) for name, item in header.items()}
    at = 0
    for tensor in sorted(found.values(), key=lambda tensor: (tensor.begin, tensor.end)):
        if tensor.begin != at:
            raise WeightsError(GAPS)
        at = tensor.end
    if at != len(body):
        raise WeightsError(GAPS if at < len(body) else "The weights file is truncated: its tensors are not all there.")
    return found, metadata, body


def _header(name: str, item: Any) -> _Tensor:
    if not isinstance(item, dict) or not {"dtype", "shape", "data_offsets"} <= item.keys():
        raise WeightsError(DAMAGED)
    code, shape, offsets = item["dtype"], item["shape"], item["data_offsets"]
    if not isinstance(code, str) or code not in _CODES:
        raise WeightsError(f"Tensor {quoted(name)} has dtype {quoted(code)}, which this page cannot read.")
    if (
        not isinstance(shape, list)
        or len(shape) > MAX_DIMENSIONS
        or not fits(shape, list[int])
        or min(shape, default=0) < 0
    ):
        raise WeightsError(f"Tensor {quoted(name)} has no usable shape: the weights file is damaged.")
    if (
        not isinstance(offsets, list)
        or len(offsets) != 2
        or not fits(offsets, list[int])
        or not 0 <= offsets[0] <= offsets[1]
    ):
        raise WeightsError(f"Tensor {quoted(name)} has no usable place in the weights file, which is damaged.")
    dtype, (begin, end) = DTYPES[_CODES[code]], offsets
    if math.prod(max(1, n) for n in shape) > MAX_SIZE or math.prod(shape) * dtype.itemsize != end - begin:
        raise WeightsError(f"Tensor {quoted(name)} is not as large as its shape says: the weights file is damaged.")
    return _Tensor(dtype, tuple(shape), begin, end)


def _values(name: str, tensor: _Tensor, body: memoryview) -> NDArray[Any]:
    part = body[tensor.begin : tensor.end]
    if tensor.dtype == np.bool_ and part and np.frombuffer(part, np.uint8).max() > 1:
        raise WeightsError(f"Tensor {quoted(name)} holds values that are neither true nor false.")
    return np.frombuffer(part, tensor.dtype).reshape(tensor.shape).copy()
