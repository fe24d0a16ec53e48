"""The contract of a data set: what every data set can give, and in which form samples travel.

Holds no data and opens none.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import NamedTuple, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from tabgrad.alphabet import Labels
from tabgrad.incoming import quoted

T = TypeVar("T")
#: Height and width of an image.
IMAGE_SIZE = (28, 28)
#: The name of a data set that the visitor has made or brought: "set-" and 16 hexadecimal digits.
SET_KEY = re.compile("set-[0-9a-f]{16}")
#: Gives the bytes of a file by its name or URL. Raises DataError or OSError.
Fetch = Callable[[str], Awaitable[bytes]]
#: Decompresses gzip. The page uses the browser's own decoder, CPython uses zlib.
Inflate = Callable[[bytes], Awaitable[bytes]]


class DataError(ValueError):
    """Data cannot be used. The message is one sentence for the visitor."""


class Samples(NamedTuple):
    """`images` uint8 (n, height, width), 0 is paper and 255 is ink; `labels` uint8 (n,)."""

    images: NDArray[np.uint8]
    labels: NDArray[np.uint8]


def joined(parts: Sequence[Samples]) -> Samples:
    """The samples of all parts in order; a single part is not copied."""
    if len(parts) == 1:
        return parts[0]
    return Samples(np.concatenate([p.images for p in parts]), np.concatenate([p.labels for p in parts]))


class Source(Protocol):
    """An endless stream of training samples.

    `position` is the number of samples taken so far. Setting it resumes a run: the samples that follow are the same as
    if the run had not been interrupted.
    """

    position: int

    async def take(self, count: int) -> Samples:
        """The next `count` samples: images uint8 (count, height, width), labels uint8 (count,). Raises DataError."""


class RunData(Protocol):
    """A data set that a run can train on and be tested on.

    `description`: one line for the visitor. `alphabet`: what the labels mean. `count`: training samples in an epoch.
    `fingerprint`: changes with the contents; empty if the contents belong to the site and cannot change during a visit.
    """

    description: str
    alphabet: Labels
    count: int
    fingerprint: str

    def source(self, seed: int) -> Source:
        """An endless stream of training samples, in an order that `seed` decides."""

    async def split(self, name: str) -> Samples:
        """All samples of the split "validation" or "test". Raises DataError."""

    async def samples(self, name: str, indices: Sequence[int]) -> Samples:
        """The samples of a split at these indices, in this order. Loads no more than it must. Raises DataError."""

    def size(self, name: str) -> int:
        """The number of samples in a split. Raises DataError."""


def find_split(splits: Mapping[str, T], name: str) -> T:
    """What `splits` has for the split `name`; DataError if it has none."""
    if name not in splits:
        raise DataError(f"There is no split called {quoted(name)}: choose {' or '.join(splits)}.")
    return splits[name]


def check_indices(indices: Iterable[int], split: str, size: int) -> None:
    """Raises DataError if an index is not that of a sample in a split of this size."""
    for i in indices:
        if not 0 <= i < size:
            raise DataError(f"There is no sample {i}: the {split!r} split has {size:,}.")
