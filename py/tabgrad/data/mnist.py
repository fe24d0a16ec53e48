"""MNIST: its original files, their split into training, validation and test, and the blocks that the page fetches.

Owns the order of the samples and the split, on which all results of this project rest. Finds, downloads and writes no
files. The same input files give the same blocks and index on every machine.

The original files have the format idx (http://yann.lecun.com/exdb/mnist/): two zero bytes, a type code, the number of
dimensions, the sizes as big-endian 32-bit integers, then the values.

The 60,000 training images are shuffled once, so that each block is a fair sample of all writers and digits. NumPy has
frozen the stream of the generator used, RandomState. Every twelfth of the shuffled images of all digits, sorted by
digit, goes to validation: 5,000 images, with the digits in the same proportions as the other 55,000. The test images
keep their published order, so that an index means the same image as in other projects.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import math
import struct
import zlib
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from .base import DataError, Samples
from .index import SPLITS, BlockInfo, DataIndex, SplitInfo, SplitName

#: SHA-256 of the *uncompressed* files: mirrors compress them differently.
MNIST_SHA256: Mapping[str, str] = {
    "train-images-idx3-ubyte": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    "train-labels-idx1-ubyte": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    "t10k-images-idx3-ubyte": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    "t10k-labels-idx1-ubyte": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
}
SHUFFLE_SEED = 60_000
VALIDATION_EVERY = 12
BLOCK_SAMPLES = 2_000
#: Bytes of an uncompressed idx file, and its dimensions. The largest of MNIST has 47 MB.
MAX_IDX_BYTES, MAX_DIMENSIONS = 64 << 20, 4
INDEX_FILE = "index.json"
ORDER = (
    f"train: numpy.random.RandomState({SHUFFLE_SEED}).permutation(60000); validation: of these, sorted by label "
    f"(stable), every {VALIDATION_EVERY}th; test: as published"
)


def unzip(data: bytes, name: str = "A data file") -> bytes:
    """The contents of a gzip file, or `data` itself if it is not compressed. Raises DataError if it is damaged.

    `name` is what the sentence calls it.
    """
    if data[:2] != b"\x1f\x8b":
        return data
    try:
        with gzip.open(io.BytesIO(data)) as stream:
            found = stream.read(MAX_IDX_BYTES + 1)
    except (OSError, EOFError, ValueError, zlib.error, struct.error) as error:
        raise DataError(f"{name} is damaged, its gzip stream breaks off: fetch it again.") from error
    if len(found) > MAX_IDX_BYTES:
        raise DataError(f"{name} is far larger than a file of images can be.")
    return found


def parse_idx(data: bytes, name: str = "The idx file") -> NDArray[np.uint8]:
    """The array in an uncompressed idx file of unsigned bytes, uint8 in the file's shape. Raises DataError.

    `name` is what the sentence calls it.
    """
    if len(data) < 4 or data[:2] != b"\0\0" or data[2] != 0x08:  # the type code of uint8
        raise DataError(f"{name} is not an idx file of bytes, the format of MNIST's files.")
    dims = data[3]
    header = 4 + 4 * dims
    shape = tuple(int.from_bytes(data[4 + 4 * i : 8 + 4 * i], "big") for i in range(dims))
    if not 1 <= dims <= MAX_DIMENSIONS or len(data) < header:
        raise DataError(f"{name} is damaged, its header breaks off: fetch it again.")
    if len(data) - header != math.prod(shape) or math.prod(max(1, n) for n in shape) > MAX_IDX_BYTES:
        raise DataError(f"{name} does not hold as many values as its header says: fetch it again.")
    return np.frombuffer(data, np.uint8, offset=header).reshape(shape)


def check_mnist(name: str, data: bytes) -> bytes:
    """`data` uncompressed, if it is the MNIST file called `name`. Raises DataError if it is not."""
    raw = unzip(data, name)
    found = hashlib.sha256(raw).hexdigest()
    if found != MNIST_SHA256[name]:
        raise DataError(f"{name} is not MNIST's: its SHA-256 is {found[:12]}…, not {MNIST_SHA256[name][:12]}….")
    return raw


def split_mnist(files: Mapping[str, bytes]) -> dict[SplitName, Samples]:
    """The three splits of MNIST. `files`: its four idx files by name, gzipped or not. Raises DataError."""
    raw = {name: parse_idx(check_mnist(name, files[name]), name) for name in MNIST_SHA256}
    images, labels = raw["train-images-idx3-ubyte"], raw["train-labels-idx1-ubyte"]
    train, validation = _split_indices(labels)
    return {
        "train": Samples(images[train], labels[train]),
        "validation": Samples(images[validation], labels[validation]),
        "test": Samples(raw["t10k-images-idx3-ubyte"], raw["t10k-labels-idx1-ubyte"]),
    }


def pack_mnist(files: Mapping[str, bytes], *, block_samples: int = BLOCK_SAMPLES) -> dict[str, bytes]:
    """The files to serve, {name: contents}: `index.json` and the blocks, whose names contain their hash.

    `files`: MNIST's four idx files by name (the keys of `MNIST_SHA256`), gzipped or not. Raises DataError.
    """
    packed: dict[str, bytes] = {}
    splits: dict[SplitName, SplitInfo] = {}
    samples = split_mnist(files)
    for split in SPLITS:
        images, labels = samples[split]
        blocks = []
        for k, start in enumerate(range(0, len(labels), block_samples)):
            part = slice(start, start + block_samples)
            raw = images[part].tobytes() + labels[part].tobytes()
            digest = hashlib.sha256(raw).hexdigest()
            file = f"mnist-{split}-{k:02d}-{digest[:10]}.bin"
            # No time stamp in the header, so that the same samples give the same file.
            packed[file] = gzip.compress(raw, 6, mtime=0)
            blocks.append(BlockInfo(file, len(labels[part]), digest, len(packed[file])))
        histogram = tuple(int(n) for n in np.bincount(labels, minlength=10))
        splits[split] = SplitInfo(len(labels), histogram, tuple(blocks))
    index = DataIndex("mnist", (28, 28), 10, ORDER, dict(MNIST_SHA256), splits)
    return {INDEX_FILE: index.dumps().encode(), **packed}


def _split_indices(labels: NDArray[np.uint8]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    order = np.random.RandomState(SHUFFLE_SEED).permutation(len(labels))
    by_label = order[np.argsort(labels[order], kind="stable")]
    held_out = np.zeros(len(labels), bool)
    held_out[by_label[::VALIDATION_EVERY]] = True
    return order[~held_out[order]], order[held_out[order]]
