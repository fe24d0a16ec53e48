"""Packs MNIST into blocks that the page can fetch one by one.

Owns the order of the samples and the split into training and validation, on which all results of this project rest.
Finds, downloads and writes no files. The same input files give the same blocks and index on every machine.

The 60,000 training images are shuffled once, so that each block is a fair sample of all writers and digits. NumPy has
frozen the stream of the generator used, RandomState. Every twelfth of the shuffled images of all digits, sorted by
digit, goes to validation: 5,000 images, with the digits in the same proportions as the other 55,000. The test images
keep their published order, so that an index means the same image as in other projects.
"""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from .base import Samples
from .idx import MNIST_SHA256, check_mnist, parse_idx
from .index import SPLITS, BlockInfo, DataIndex, SplitInfo, SplitName

SHUFFLE_SEED = 60_000
VALIDATION_EVERY = 12
BLOCK_SAMPLES = 2_000
INDEX_FILE = "index.json"
ORDER = (
    f"train: numpy.random.RandomState({SHUFFLE_SEED}).permutation(60000); validation: of these, sorted by label "
    f"(stable), every {VALIDATION_EVERY}th; test: as published"
)


def split_mnist(files: Mapping[str, bytes]) -> dict[SplitName, Samples]:
    """The three splits of MNIST. `files`: its four idx files by name, gzipped or not. Raises DataError."""
    raw = {name: parse_idx(check_mnist(name, files[name])) for name in MNIST_SHA256}
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
