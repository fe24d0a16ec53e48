"""MNIST's original files: their format, idx, and the hashes of the four files.

Owns parsing and checking; finds and downloads no files. The format (http://yann.lecun.com/exdb/mnist/): two zero bytes,
a type code, the number of dimensions, the sizes as big-endian 32-bit integers, then the values.
"""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from .errors import DataError

#: SHA-256 of the *uncompressed* files: mirrors compress them differently.
MNIST_SHA256: Mapping[str, str] = {
    "train-images-idx3-ubyte": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    "train-labels-idx1-ubyte": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    "t10k-images-idx3-ubyte": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    "t10k-labels-idx1-ubyte": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
}
_UINT8 = 0x08


def unzip(data: bytes) -> bytes:
    """The contents of a gzip file, or `data` itself if it is not compressed. Raises DataError if it is damaged."""
    if data[:2] != b"\x1f\x8b":
        return data
    try:
        return gzip.decompress(data)
    except (OSError, EOFError, ValueError) as error:
        raise DataError("A data file is damaged, its gzip stream breaks off: fetch it again.") from error


def parse_idx(data: bytes) -> NDArray[np.uint8]:
    """The array in an uncompressed idx file of unsigned bytes, uint8 in the file's shape. Raises DataError."""
    if len(data) < 4 or data[:2] != b"\0\0" or data[2] != _UINT8:
        raise DataError("This is not an idx file of bytes, the format of MNIST's files.")
    dims = data[3]
    header = 4 + 4 * dims
    shape = tuple(int.from_bytes(data[4 + 4 * i : 8 + 4 * i], "big") for i in range(dims))
    values = np.frombuffer(data, np.uint8, offset=min(header, len(data)))
    expected = 1
    for size in shape:
        expected *= size
    if len(data) < header or len(values) != expected:
        raise DataError(f"The idx file has {len(values)} values where its header says {expected}: fetch it again.")
    return values.reshape(shape)


def check_mnist(name: str, data: bytes) -> bytes:
    """`data` uncompressed, if it is the MNIST file called `name`. Raises DataError if it is not."""
    raw = unzip(data)
    found = hashlib.sha256(raw).hexdigest()
    if found != MNIST_SHA256[name]:
        raise DataError(f"{name} is not MNIST's: its SHA-256 is {found[:12]}…, not {MNIST_SHA256[name][:12]}….")
    return raw
