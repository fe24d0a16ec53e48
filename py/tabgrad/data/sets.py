"""The data sets that a visitor has made or brought, as they are kept between visits.

A set has a head, which is small: its name, its classes, and how many samples of each. It stands under
`keys.set_head(id)` and is written last. Its samples stand below it. Images come in blocks: n images of 784 bytes, then
their n labels, a byte each. Drawings are one file of `drawings`. Owns the form of head and blocks; stores nothing.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal, get_args

import numpy as np

from tabgrad.alphabet import AlphabetError, Labels, check_labels
from tabgrad.incoming import fits, read_json

from .base import IMAGE_SIZE, SET_KEY, DataError, Samples
from .index import SPLITS, SplitName

Kind = Literal["images", "drawings"]
FORMAT, VERSION = "tabgrad-set", 1
#: Samples in a block of images: 1.6 MB.
BLOCK = 2_000
PIXELS = IMAGE_SIZE[0] * IMAGE_SIZE[1]
#: Samples of a set, in all splits together: what fits into a tab's memory.
MAX_SAMPLES = 500_000
#: Characters of a set's name, and of the line that says where it comes from.
MAX_NAME, MAX_ORIGIN = 60, 300
_SHA256_LENGTH = 64


@dataclass(frozen=True, slots=True)
class SetHead:
    """What is known of a set without its samples.

    `id` is "set-" and 16 hexadecimal digits. `counts` are the samples of each class, in the order of `labels`, for each
    split. `origin` says in one line where the set comes from. `hashes` are the SHA-256 of the blocks of each split, for
    images only.
    """

    id: str
    name: str
    kind: Kind
    labels: Labels
    counts: Mapping[str, tuple[int, ...]]
    origin: str = ""
    hashes: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: MappingProxyType({}))

    def size(self, split: str) -> int:
        """The number of samples in a split; 0 for one that the set does not have."""
        return sum(self.counts.get(split, ()))

    @property
    def samples(self) -> int:
        """The number of samples in all splits."""
        return sum(map(self.size, self.counts))

    def dumps(self) -> bytes:
        """The head as it is kept. The same head gives the same bytes."""
        body = {
            "format": FORMAT,
            "version": VERSION,
            **{name: getattr(self, name) for name in ("id", "name", "kind", "labels", "origin")},
            "counts": dict(self.counts),
            "hashes": dict(self.hashes),
        }
        return json.dumps(body, sort_keys=True, separators=(",", ":")).encode()


def load_head(content: bytes) -> SetHead:
    """Parse and check a head. Raises DataError, and no other error, for any bytes."""
    try:
        body = read_json(content)
    except ValueError as error:
        raise _damaged("is no JSON") from error
    if not isinstance(body, dict) or body.pop("format", None) != FORMAT:
        raise _damaged("is none")
    if body.pop("version", None) != VERSION:
        raise DataError("A stored data set is from another version of this page: reload the page.")
    hints = {"id": str, "name": str, "kind": str, "labels": list[str], "origin": str}
    hints |= {"counts": dict[str, list[int]], "hashes": dict[str, list[str]]}
    if body.keys() != hints.keys() or not all(fits(body[name], hint) for name, hint in hints.items()):
        raise _damaged("lacks something")
    try:
        labels = check_labels(body["labels"])
    except AlphabetError as error:
        raise _damaged("has classes that cannot be") from error
    parts = {name: {split: tuple(values) for split, values in body[name].items()} for name in ("counts", "hashes")}
    head = SetHead(**{**body, **parts, "labels": labels})
    _check(head)
    return head


def check_name(value: str) -> str:
    """`value` as the name of a set: on one line, without invisible characters. DataError if nothing is left."""
    name = "".join(c if c.isprintable() else " " for c in value[: 10 * MAX_NAME])
    name = " ".join(name.split())[:MAX_NAME].strip()
    if not name:
        raise DataError("A data set must have a name.")
    return name


def encode_block(samples: Samples) -> bytes:
    """A block of images: their pixels, then their labels."""
    return samples.images.tobytes() + samples.labels.tobytes()


def decode_block(content: bytes, count: int) -> Samples:
    """The `count` samples of a block, without a copy. Raises DataError for bytes of another length."""
    if len(content) != count * (PIXELS + 1):
        raise DataError("A stored data set is damaged, a part of it has the wrong length: bring its files again.")
    values, pixels = np.frombuffer(content, np.uint8), count * PIXELS
    return Samples(values[:pixels].reshape(count, *IMAGE_SIZE), values[pixels:])


def hash_block(content: bytes) -> str:
    """What `SetHead.hashes` has for a block."""
    return hashlib.sha256(content).hexdigest()


def blocks_of(count: int) -> Iterator[slice]:
    """The samples of each block of a split with `count` samples."""
    return (slice(first, min(first + BLOCK, count)) for first in range(0, count, BLOCK))


def _check(head: SetHead) -> None:
    """Raises DataError if the parts of a head contradict each other."""
    if not SET_KEY.fullmatch(head.id) or head.kind not in get_args(Kind):
        raise _damaged("has a key or a kind that cannot be")
    if not 0 < len(head.name) <= MAX_NAME or len(head.origin) > MAX_ORIGIN:
        raise _damaged("has a name that is too long")
    if not head.counts.keys() <= set(SPLITS):
        raise _damaged("has a split that cannot be")
    if any(len(row) != len(head.labels) or min(row) < 0 for row in head.counts.values()) or head.samples > MAX_SAMPLES:
        raise _damaged("has counts that cannot be")
    if head.kind == "images":
        wanted: dict[SplitName, int] = {name: len(list(blocks_of(head.size(name)))) for name in SPLITS}
        if {name: len(values) for name, values in head.hashes.items()} != wanted or 0 in wanted.values():
            raise _damaged("does not name its blocks")
        if any(len(value) != _SHA256_LENGTH for values in head.hashes.values() for value in values):
            raise _damaged("has a hash that cannot be")


def _damaged(how: str) -> DataError:
    return DataError(f"The head of a stored data set {how}: it is damaged. Bring its files again.")
