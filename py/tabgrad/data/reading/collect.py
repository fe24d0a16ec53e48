"""Keeps what is read, in bounded memory: images, the text of their labels, and the splits their files speak of.

Of more than `MAX_IMAGES`, those with the smallest hashes of their bytes are kept. That is a fair choice among all
classes and files, the same in whatever order the files come.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from tabgrad.alphabet import AlphabetError, check_count
from tabgrad.data.base import DataError
from tabgrad.data.index import SPLITS, SplitName

from .contract import MAX_IMAGES

#: Different labels at which reading stops: such a column is no label.
_MAX_TEXTS = 1_000
#: Images above the limit that are held before the surplus is dropped.
_SLACK = 20_000
NO_ROLE = -1
ALL_BLANK = "All images are blank, so there is nothing to learn: choose other files."
_ALL_SAME = "All images are the same, so there is nothing to learn: choose other files."

Hashes = NDArray[np.uint64]


def check_classes(count: int) -> None:
    """Raises DataError early if there are far too many different labels."""
    if count > _MAX_TEXTS:
        raise DataError(f"There can be at most 36 classes; here there are more than {_MAX_TEXTS:,}.")


def check_class_count(count: int) -> None:
    """Raises DataError if a network cannot have so many classes."""
    try:
        check_count(count)
    except AlphabetError as error:
        raise DataError(str(error)) from error


def hashes_of(images: NDArray[np.uint8]) -> Hashes:
    """64 bits for each image, uint64 (n,), that follow from its bytes alone."""
    data = np.ascontiguousarray(images).tobytes()
    size = len(data) // max(len(images), 1)
    view = memoryview(data)
    digests = [hashlib.blake2b(view[i : i + size], digest_size=8).digest() for i in range(0, len(data), size or 1)]
    return np.frombuffer(b"".join(digests), "<u8").astype(np.uint64, copy=False)


@dataclass(slots=True)
class Chunk:
    """Some images uint8 (n, 28, 28), codes of their labels, their splits by number, and their hashes.

    `drawn`: from pictures, so that they are turned the right way already.
    """

    images: NDArray[np.uint8]
    codes: NDArray[np.int32]
    roles: NDArray[np.int8]
    hashes: Hashes
    drawn: bool

    def only(self, kept: NDArray[np.bool_]) -> Chunk:
        """The samples where `kept` is true."""
        if kept.all():
            return self
        return Chunk(self.images[kept], self.codes[kept], self.roles[kept], self.hashes[kept], self.drawn)


@dataclass(slots=True)
class Collector:
    """All that was read so far. `texts`: the code of each label. `seen`: images that were read; `held`: that are kept.

    `border`: the mean brightness of the edges of images that are not pictures, summed, and their number.
    """

    chunks: list[Chunk] = field(default_factory=list)
    texts: dict[str, int] = field(default_factory=dict)
    seen: int = 0
    held: int = 0
    border: tuple[float, int] = (0.0, 0)
    _largest: int = (1 << 64) - 1

    def code(self, text: str) -> int:
        """The code of a label. Raises DataError if there are far too many."""
        code = self.texts.setdefault(text, len(self.texts))
        check_classes(len(self.texts))
        return code

    def codes(self, texts: Sequence[str]) -> NDArray[np.int32]:
        """The code of each label, int32 (n,)."""
        return np.array([self.code(text) for text in texts], np.int32)

    def add(
        self, images: NDArray[np.uint8], codes: NDArray[np.int32], role: SplitName | None, *, drawn: bool = False
    ) -> None:
        """Take n images (n, 28, 28) with the codes of their labels; they belong to the split `role` if it is known."""
        if not len(images):
            return
        roles = np.full(len(images), NO_ROLE if role is None else SPLITS.index(role), np.int8)
        self.seen += len(images)
        if not drawn:
            edges = images[:, [0, -1]].mean() + images[:, :, [0, -1]].mean()
            self.border = (self.border[0] + float(edges) / 2 * len(images), self.border[1] + len(images))
        chunk = Chunk(images, codes, roles, hashes_of(images), drawn)
        chunk = chunk.only(chunk.hashes <= np.uint64(self._largest))
        self.chunks.append(chunk)
        self.held += len(chunk.codes)
        if self.held > MAX_IMAGES + _SLACK:
            self.thin()

    def check_differ(self) -> None:
        """Raises DataError if all images are blank, or all the same. Some of them may be."""
        if not any((c.images != c.images[:, :1, :1]).any() for c in self.chunks):
            raise DataError(ALL_BLANK)
        first = next(chunk.hashes[0] for chunk in self.chunks if len(chunk.hashes))
        if self.seen > 1 and not any((chunk.hashes != first).any() for chunk in self.chunks):
            raise DataError(_ALL_SAME)

    def thin(self) -> None:
        """Drop what is above the limit."""
        if self.held <= MAX_IMAGES:
            return
        hashes = np.concatenate([chunk.hashes for chunk in self.chunks])
        self._largest = int(np.partition(hashes, MAX_IMAGES - 1)[MAX_IMAGES - 1])
        for i, chunk in enumerate(self.chunks):
            self.chunks[i] = chunk.only(chunk.hashes <= np.uint64(self._largest))
        self.held = sum(len(chunk.codes) for chunk in self.chunks)
        for i, chunk in enumerate(self.chunks):
            if self.held > MAX_IMAGES:  # so many images are the same
                equal = np.flatnonzero(chunk.hashes == np.uint64(self._largest))[: self.held - MAX_IMAGES]
                self.held -= len(equal)
                self.chunks[i] = chunk.only(~np.isin(np.arange(len(chunk.codes)), equal))
