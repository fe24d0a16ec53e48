"""Makes files of every format, and reads them as the worker does."""

from __future__ import annotations

import asyncio
import gzip
import io
import zipfile
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scripts.measure_import import coloured, decode, idx, png
from tabgrad.data import DataError
from tabgrad.data.reading import Reading, read
from tabgrad.data.reading.streams import MemoryFile

Images = NDArray[np.uint8]


def images(count: int, seed: int = 0, size: int = 28) -> Images:
    """Light strokes on black, with an empty margin, all different."""
    found = np.zeros((count, size, size), np.uint8)
    inner = size - 2 * (size // 7)
    edge = size // 7
    rng = np.random.RandomState(seed)
    values = rng.randint(0, 256, (count, inner, inner))
    found[:, edge : edge + inner, edge : edge + inner] = values * (rng.rand(count, inner, inner) < 0.3)
    return found


def labels(count: int, classes: int = 3, first: int = 0) -> NDArray[np.uint8]:
    return (np.arange(count) % classes + first).astype(np.uint8)


def npy(values: NDArray[Any], *, allow_pickle: bool = False) -> bytes:
    out = io.BytesIO()
    np.save(out, values, allow_pickle=allow_pickle)
    return out.getvalue()


def npz(**arrays: NDArray[Any]) -> bytes:
    out = io.BytesIO()
    np.savez_compressed(out, **arrays)
    return out.getvalue()


def table(values: Images, of: NDArray[Any], *, header: bool = True, last: bool = False, mark: str = ",") -> bytes:
    flat = values.reshape(len(values), -1)
    names = [f"pixel{i}" for i in range(flat.shape[1])]
    rows = [(["label"], names)] if header else []
    rows += [([str(label)], [str(v) for v in row]) for label, row in zip(of.tolist(), flat.tolist(), strict=True)]
    return "".join(mark.join(b + a if last else a + b) + "\n" for a, b in rows).encode()


def packed(files: Mapping[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, data in files.items():
            archive.writestr(zipfile.ZipInfo(name), data, method)
    return out.getvalue()


def drawn(grey: NDArray[Any]) -> Images:
    """A grey picture as RGBA."""
    return coloured(grey.astype(np.uint8))


def picture(seed: int = 0, *, size: int = 60, dark: bool = True) -> bytes:
    """A PNG of a few bars, different for each seed; dark ink on white paper, or light on black."""
    rng = np.random.RandomState(seed)
    ink = np.zeros((size, size), np.uint8)
    for _ in range(3):
        y, x = rng.randint(size // 6, size // 2, 2)
        ink[y : y + size // 3, x : x + max(2, size // 12)] = 255
    return png(drawn(255 - ink if dark else ink))


async def no_progress(_what: str, _done: int, _total: int) -> None:
    """Nobody watches."""


def reading(files: Mapping[str, bytes], **choices: str) -> Reading:
    """What `read` makes of files by name."""
    return asyncio.run(read([MemoryFile(name, data) for name, data in files.items()], choices, decode, no_progress))


def sentence(files: Mapping[str, bytes], **choices: str) -> str:
    """Why files are refused; it must be one sentence."""
    try:
        reading(files, **choices)
    except DataError as error:
        text = str(error)
        assert len(text) <= 170, text
        assert text.endswith("."), text
        assert text.isprintable(), text
        return text
    raise AssertionError("The files were read.")


def pair(
    count: int = 84, prefix: str = "train", *, seed: int = 0, classes: int = 3, first: int = 0
) -> dict[str, bytes]:
    """An idx pair by name."""
    return {
        f"{prefix}-images-idx3-ubyte": idx(images(count, seed)),
        f"{prefix}-labels-idx1-ubyte": idx(labels(count, classes, first)),
    }


def gz(files: Mapping[str, bytes]) -> dict[str, bytes]:
    return {f"{name}.gz": gzip.compress(data, mtime=0) for name, data in files.items()}


def all_images(found: Reading) -> dict[bytes, str]:
    """The label of each image by its bytes, of all splits."""
    return {
        image.tobytes(): found.labels[label]
        for samples in found.samples.values()
        for image, label in zip(samples.images, samples.labels, strict=True)
    }


def expected(values: Images, of: NDArray[Any]) -> dict[bytes, str]:
    return {image.tobytes(): str(label) for image, label in zip(values, of.tolist(), strict=True)}


def guesses(found: Reading) -> dict[str, str]:
    return {guess.name: guess.value for guess in found.guesses}
