"""Packs MNIST into blocks that the page can fetch one by one, and fixes the split that every result here rests on.

Owns the order of the samples and the split; finds, downloads and writes no files. Deterministic: equal input files
give equal blocks and an equal index, whatever the machine.

The order: the 60,000 training images are shuffled once, with NumPy's legacy generator, whose stream is frozen for
good, so that any block is a fair sample of all writers and digits. Of the shuffled images of each digit every
twelfth goes to validation: 5,000 images with the digits in the proportions of the other 55,000. The test images keep
their published order, so that their numbers can be compared with other people's.
"""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from .idx import MNIST_SHA256, check_mnist, parse_idx
from .index import SPLITS, BlockInfo, DataIndex, SplitInfo, SplitName
from .reader import Samples

SHUFFLE_SEED = 60_000
VALIDATION_EVERY = 12
BLOCK_SAMPLES = 2_000
INDEX_FILE = "index.json"
ORDER = (
    f"train: numpy.random.RandomState({SHUFFLE_SEED}).permutation(60000); validation: of these, sorted by label "
    f"(stable), every {VALIDATION_EVERY}th; test: as published"
)


def split_mnist(files: Mapping[str, bytes]) -> dict[SplitName, Samples]:
    """The three splits of MNIST from its four idx files by name, gzipped or not. Raises DataError for another file."""
    raw = {name: parse_idx(check_mnist(name, files[name])) for name in MNIST_SHA256}
    images, labels = raw["train-images-idx3-ubyte"], raw["train-labels-idx1-ubyte"]
    train, validation = _split_indices(labels)
    return {
        "train": Samples(images[train], labels[train]),
        "validation": Samples(images[validation], labels[validation]),
        "test": Samples(raw["t10k-images-idx3-ubyte"], raw["t10k-labels-idx1-ubyte"]),
    }


def pack_mnist(files: Mapping[str, bytes], *, block_samples: int = BLOCK_SAMPLES) -> dict[str, bytes]:
    """Everything to serve: {file name: contents}, with `index.json` and blocks named by their content.

    `files` maps the four idx names (keys of `MNIST_SHA256`) to their bytes, gzipped or not.
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
            # No time stamp in the header: the same samples make the same file.
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
