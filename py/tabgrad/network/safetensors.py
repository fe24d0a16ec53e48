"""safetensors, the weights file format: an 8-byte little-endian header length, a JSON header, then raw data.

The reference library is a native extension without a Pyodide build, so the page has this reader; the tests compare it
with the library. Format: https://github.com/huggingface/safetensors#format
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

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
#: The library's own bound on the header. Bytes.
MAX_HEADER_BYTES = 100_000_000
T = TypeVar("T")


class WeightsError(ValueError):
    """A weights file cannot be used. The message is one sentence, fit to be shown to the visitor."""


def save_safetensors(tensors: Mapping[str, NDArray[Any]], metadata: Mapping[str, str] | None = None) -> bytes:
    """Serialise `tensors` (any shapes, dtypes of `DTYPES`), sorted by name so that equal tensors give equal bytes."""
    header: dict[str, Any] = {"__metadata__": dict(sorted(metadata.items()))} if metadata else {}
    blobs, offset = [], 0
    for name in sorted(tensors):
        array = np.ascontiguousarray(tensors[name])
        if array.dtype.name not in _NAMES:
            raise WeightsError(f"Tensor {name!r} has dtype {array.dtype.name}, which safetensors cannot hold.")
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
    tensors, metadata, body = _parse(data, _tensor)
    if sum(t.nbytes for t in tensors.values()) != len(body):
        raise WeightsError("The weights file is truncated: its tensors do not fill it.")
    return tensors, metadata


def read_header(data: bytes) -> tuple[dict[str, tuple[int, ...]], dict[str, str]]:
    """(shapes of the tensors by name, metadata) of a safetensors file, without its data. Raises WeightsError."""
    shapes, metadata, _ = _parse(data, lambda _name, item, _body: tuple(int(n) for n in item["shape"]))
    return shapes, metadata


def _parse(
    data: bytes, read: Callable[[str, dict[str, Any], memoryview], T]
) -> tuple[dict[str, T], dict[str, str], memoryview]:
    """(what `read` makes of each tensor's name, header and the raw data; metadata; raw data)."""
    size = int.from_bytes(data[:8], "little")
    if len(data) < 8 or size > min(len(data) - 8, MAX_HEADER_BYTES):
        raise WeightsError("The weights file is truncated or is not a safetensors file.")
    body = memoryview(data)[8 + size :]
    try:
        header = json.loads(data[8 : 8 + size])
        metadata = {str(k): str(v) for k, v in header.pop("__metadata__", {}).items()}
        return {str(name): read(str(name), item, body) for name, item in header.items()}, metadata, body
    except WeightsError:
        raise
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, OverflowError) as error:
        raise WeightsError("The weights file's header is damaged: it is not a usable safetensors file.") from error


def _tensor(name: str, item: dict[str, Any], body: memoryview) -> NDArray[Any]:
    if item["dtype"] not in _CODES:
        raise WeightsError(f"Tensor {name!r} has dtype {item['dtype']}, which this page cannot read.")
    dtype = DTYPES[_CODES[item["dtype"]]]
    begin, end = (int(n) for n in item["data_offsets"])
    shape = tuple(int(n) for n in item["shape"])
    if not 0 <= begin <= end <= len(body) or any(n < 0 for n in shape):
        raise WeightsError(f"The weights file is truncated: tensor {name!r} lies outside it.")
    return np.frombuffer(body[begin:end], dtype).reshape(shape).copy()
