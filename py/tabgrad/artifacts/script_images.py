"""Where the images of a run's Python file come from, as parts of its text: MNIST, or a file that the reader brings.

Owns how the file says so, and reads and splits them. `script` fills the braces.
"""

from __future__ import annotations

from typing import NamedTuple


class Images(NamedTuple):
    """`head` begins the part that trains, `data` reads and splits the images, `option` says where they are."""

    head: str
    data: str
    option: str


OF_MNIST = Images(
    head="""# ---- What follows trains the network above, as the page tabgrad does.
#
#     pip install numpy tinygrad==0.14.0
#     python {name}                   fetches MNIST (11 MB) into the folder "mnist"
#     python {name} --data FOLDER     takes MNIST's four files from a folder
#
# The seed decides the first weights and the order of the images. So this file gives the same losses as the page, but
# for rounding.

import argparse
import gzip
import math
import urllib.request
from pathlib import Path

import numpy as np
from tinygrad import Context, Tensor, TinyJit, dtypes, nn
""",
    data='''
MIRROR = "https://ossci-datasets.s3.amazonaws.com/mnist/"


def read_file(folder, name):
    """The array in one of MNIST's files, gzipped or not: a header with the sizes, then one byte for each value."""
    plain, packed = folder / name, folder / f"{name}.gz"
    if not plain.exists() and not packed.exists():
        print(f"Fetching {MIRROR}{packed.name} ...")
        with urllib.request.urlopen(MIRROR + packed.name) as answer:
            data = answer.read()
        folder.mkdir(parents=True, exist_ok=True)
        packed.write_bytes(data)
    data = plain.read_bytes() if plain.exists() else gzip.decompress(packed.read_bytes())
    sizes = [int.from_bytes(data[4 + 4 * i : 8 + 4 * i], "big") for i in range(data[3])]
    return np.frombuffer(data, np.uint8, offset=4 + 4 * len(sizes)).reshape(sizes)


def split_images(folder):
    """(images, labels) to train on, to validate on, and to test on at the end.

    The training images are shuffled once. Every 12th of them, sorted by label, is for validation.
    """
    images, labels = (read_file(folder, f"train-{kind}-ubyte") for kind in ("images-idx3", "labels-idx1"))
    order = np.random.RandomState(60_000).permutation(len(labels))
    by_label = order[np.argsort(labels[order], kind="stable")]
    held_out = np.zeros(len(labels), bool)
    held_out[by_label[::12]] = True
    train, validation = order[~held_out[order]], order[held_out[order]]
    test = tuple(read_file(folder, f"t10k-{kind}-ubyte") for kind in ("images-idx3", "labels-idx1"))
    return (images[train], labels[train]), (images[validation], labels[validation]), test
''',
    option="""    parser = argparse.ArgumentParser(description="Trains the network of this file on MNIST.")
    parser.add_argument("--data", type=Path, default=Path("mnist"), help="the folder with MNIST's four files")
""",
)

OF_A_FILE = Images(
    head="""# ---- What follows trains the network above, as the page tabgrad does, on your own images.
#
#     pip install numpy tinygrad==0.14.0
#     python {name} --data FILE.npz
#
# FILE.npz is what the page exports: on the tab Data, press “Export .npz” beside the data set. Or make one with NumPy's
# savez: x_train, uint8 (n, 28, 28), white on black, and y_train, their classes as numbers from 0 on, in the order of
# LABELS; x_validation and y_validation, x_test and y_test, too. Without these, every 12th image of a class is taken.
#
# The seed decides the first weights and the order of the images.

import argparse
import math
from pathlib import Path

import numpy as np
from tinygrad import Context, Tensor, TinyJit, dtypes, nn
""",
    data='''
def held_out(images, labels):
    """The images and labels in two parts: most of them, and every 12th, sorted by class."""
    order = np.random.RandomState(60_000).permutation(len(labels))
    taken = order[np.argsort(labels[order], kind="stable")][::12]
    return (np.delete(images, taken, 0), np.delete(labels, taken)), (images[taken], labels[taken])


def split_images(file):
    """(images, labels) to train on, to validate on, and to test on at the end."""
    with np.load(file) as arrays:
        if "labels" in arrays and arrays["labels"].tolist() != LABELS:
            raise SystemExit(f"The classes in {file} are not those of this network.")
        parts = {
            name: (arrays[f"x_{name}"].reshape(-1, 28, 28), arrays[f"y_{name}"].reshape(-1))
            for name in ("train", "validation", "test")
            if f"x_{name}" in arrays
        }
    for images, labels in parts.values():
        if images.dtype != np.uint8 or len(images) != len(labels) or labels.min() < 0 or labels.max() >= len(LABELS):
            raise SystemExit(f"Images must be bytes 0..255, and labels numbers from 0 to {len(LABELS) - 1}.")
    for name in ("test", "validation"):
        if name not in parts:
            parts["train"], parts[name] = held_out(*parts["train"])
    return parts["train"], parts["validation"], parts["test"]
''',
    option="""    parser = argparse.ArgumentParser(description="Trains the network of this file on your own images.")
    parser.add_argument("--data", type=Path, required=True, help="the .npz file with your images and labels")
""",
)
