"""A data set as an .npz file, as NumPy's `savez` makes them: for one's own programs, and to bring it to another page.

    x_train, y_train, x_validation, y_validation, x_test, y_test   uint8 (n, 28, 28), light on dark, and uint8 (n,)
    labels                                                         the names of the classes

Owns the form of the file. It is made a block at a time, so that no more than a block is in memory. `reading` reads it.
"""

from __future__ import annotations

import zipfile
from collections.abc import AsyncIterator, Callable, Mapping

import numpy as np

from tabgrad.alphabet import Labels

from .base import IMAGE_SIZE, Samples
from .index import SPLITS, SplitName

#: The arrays that tell such a file from others.
ARRAYS = frozenset({*(f"{kind}_{name}" for name in SPLITS for kind in "xy"), "labels"})
#: Gives the samples of a split, some at a time.
Blocks = Callable[[SplitName], AsyncIterator[Samples]]
_EPOCH = (1980, 1, 1, 0, 0, 0)


class _Pieces:
    """What `zipfile` writes to: it cannot go back, so that each piece can be handed on at once."""

    def __init__(self, emit: Callable[[bytes], object]) -> None:
        self._emit = emit

    def write(self, data: bytes, /) -> int:
        self._emit(bytes(data))
        return len(data)

    def flush(self) -> None:
        """Nothing is held back."""

    def close(self) -> None:
        """There is nothing to close."""


async def write_npz(
    labels: Labels, counts: Mapping[SplitName, int], blocks: Blocks, emit: Callable[[bytes], object]
) -> None:
    """Hand the file to `emit`, piece by piece. `counts`: the samples of each split. What `blocks` raises goes on."""
    with zipfile.ZipFile(_Pieces(emit), "w") as archive:
        for name in SPLITS:
            of = list[bytes]()
            with archive.open(zipfile.ZipInfo(f"x_{name}.npy", _EPOCH), "w") as file:
                file.write(_header("|u1", (counts[name], *IMAGE_SIZE)))
                async for block in blocks(name):
                    file.write(block.images.tobytes())
                    of.append(block.labels.tobytes())
            archive.writestr(zipfile.ZipInfo(f"y_{name}.npy", _EPOCH), _header("|u1", (counts[name],)) + b"".join(of))
        names = np.array(labels)
        content = _header(names.dtype.str, names.shape) + names.tobytes()
        archive.writestr(zipfile.ZipInfo("labels.npy", _EPOCH), content)


def _header(kind: str, shape: tuple[int, ...]) -> bytes:
    """https://numpy.org/doc/2.2/reference/generated/numpy.lib.format.html, version 1.0."""
    text = f"{{'descr': '{kind}', 'fortran_order': False, 'shape': {shape}, }}"
    padded = text + " " * (-(len(text) + 11) % 64) + "\n"
    return b"\x93NUMPY\x01\x00" + len(padded).to_bytes(2, "little") + padded.encode()
