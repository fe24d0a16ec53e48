"""Damaged files of other people's data: idx, npy, npz, CSV, pictures, and archives of them."""

from __future__ import annotations

import gzip
import math
from typing import Any

import numpy as np

from tabgrad.data import DataError
from tabgrad.data.reading import Reading
from tabgrad.data.reading.kinds import UnknownKindError
from tabgrad.data.reading.streams import DamagedError
from tests.fuzz.formats.base import Format
from tests.fuzz.mutate import Damage
from tests.unit.data.reading.files import idx, images, labels, npy, npz, packed, picture, reading, table

Files = dict[str, bytes]
ERRORS = (DataError, DamagedError, UnknownKindError)

_X, _Y = images(24, size=8), labels(24, 2)
_PICTURES = {f"{name}/{i}.png": picture(i + 9 * k, size=20) for k, name in enumerate("ab") for i in range(4)}
#: Valid files of each format.
_VALID: list[Files] = [
    {"train-images": idx(_X), "train-labels": idx(_Y)},
    {"images.gz": gzip.compress(idx(_X), mtime=0), "labels": idx(_Y)},
    {"a.npz": npz(x=_X, y=_Y)},
    {"a.npz": npz(x_train=_X / 255, y_train=np.eye(2)[_Y], x_test=_X[:8] / 255, y_test=np.eye(2)[_Y[:8]])},
    {"x.npy": npy(_X), "y.npy": npy(np.array(["cat", "dog"])[_Y])},
    {"cat.npy": npy(_X.reshape(24, 64)), "dog.npy": npy(_X[:9].reshape(9, 64))},
    {"a.csv": table(_X, _Y)},
    {"a.csv": table(_X // 17, np.array(["x", "é"])[_Y], header=False, last=True)},
    _PICTURES,
    {"a.zip": packed(_PICTURES)},
    {"a.zip": packed({"train.csv": table(_X, _Y), "README": b"x"})},
    {"train-images": idx(_X), "train-labels": idx(_Y), "mapping.txt": b"0 65\n1 66\n"},
]


def damaged_files(damage: Damage) -> Files:
    """One of the files of a valid set is damaged, or its name is."""
    files = dict(damage.rng.choice(_VALID))
    name = damage.rng.choice(list(files))
    if damage.rng.random() < 0.05:
        other = damage.rng.choice([name[1:], "train/" + name, "../" + name, "\u202e" + name, "x" * 300])
        files[other] = files.pop(name)
    else:
        files[name] = damage.bytes(files[name])
        if damage.rng.random() < 0.1:
            files[name] = gzip.compress(files[name], mtime=0)
    return files


def use_reading(_files: Files, found: Reading) -> None:
    """What is accepted holds: every split has every class, and all is small and printable."""
    assert 2 <= len(found.labels) <= 36
    assert found.name
    assert all(text.isprintable() for text in (found.name, *found.notes))
    for samples in found.samples.values():
        assert samples.images.dtype == samples.labels.dtype == np.uint8
        assert samples.images.shape == (len(samples.labels), 28, 28)
        assert set(samples.labels.tolist()) == set(range(len(found.labels)))
    assert sum(math.prod(s.images.shape) for s in found.samples.values()) < 1 << 24
    for guess in found.guesses:
        assert guess.value in guess.options


def read_files(files: Files) -> Any:
    """As in the worker."""
    return reading(files)


READING: dict[str, Format] = {"reading": Format(damaged_files, read_files, use_reading, ERRORS)}
