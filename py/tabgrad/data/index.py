"""The index of a packed data set: its blocks, the number of samples in each, and the hash of each.

A packed data set is a folder with one `index.json` and its blocks. A block is a gzip file of n images
(n * height * width bytes) followed by their n labels (n bytes). Owns this format; reads no blocks (see `packed`) and
writes none (see `mnist`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

from .base import DataError

SplitName = Literal["train", "validation", "test"]
SPLITS: tuple[SplitName, ...] = ("train", "validation", "test")
FORMAT = "tabgrad-data"
VERSION = 1


@dataclass(frozen=True, slots=True)
class BlockInfo:
    """One block: its file relative to the index, its number of samples, the SHA-256 of its uncompressed bytes, and the
    size of the file.
    """

    file: str
    count: int
    sha256: str
    size_bytes: int


@dataclass(frozen=True, slots=True)
class SplitInfo:
    """One split: its number of samples, the number of each class, and its blocks in order."""

    count: int
    histogram: tuple[int, ...]
    blocks: tuple[BlockInfo, ...]


@dataclass(frozen=True, slots=True)
class DataIndex:
    """A packed data set. `shape`: (height, width) of an image. `classes`: their number. `order`: how the samples were
    ordered, in words. `sources`: original files and their SHA-256.
    """

    name: str
    shape: tuple[int, int]
    classes: int
    order: str
    sources: Mapping[str, str]
    splits: Mapping[SplitName, SplitInfo]

    def dumps(self) -> str:
        """The index as JSON. The same data set gives the same bytes."""
        body = {"format": FORMAT, "version": VERSION, **asdict(self)}
        return json.dumps(body, indent=1, sort_keys=True) + "\n"


def load_index(text: str | bytes) -> DataIndex:
    """Parse and check an index. Raises DataError, and no other error, for any text."""
    try:
        body = json.loads(text)
        if body["format"] != FORMAT or body["version"] != VERSION:
            raise DataError("The data index has another version than this page: reload the page.")
        height, width = map(int, body["shape"])
        index = DataIndex(
            name=str(body["name"]),
            shape=(height, width),
            classes=int(body["classes"]),
            order=str(body["order"]),
            sources={str(k): str(v) for k, v in body["sources"].items()},
            splits={name: _split(body["splits"][name]) for name in SPLITS},
        )
    except DataError:
        raise
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, OverflowError) as error:
        raise DataError("The data index is damaged, it is not the expected JSON: reload the page.") from error
    _check(index)
    return index


def _split(item: dict[str, Any]) -> SplitInfo:
    blocks = tuple(
        BlockInfo(str(b["file"]), int(b["count"]), str(b["sha256"]), int(b["size_bytes"])) for b in item["blocks"]
    )
    return SplitInfo(int(item["count"]), tuple(int(n) for n in item["histogram"]), blocks)


def _check(index: DataIndex) -> None:
    """Raises DataError if the numbers of an index contradict each other."""
    if min(*index.shape, index.classes) < 1 or max(*index.shape, index.classes) > 4096:
        raise DataError(f"The data index is damaged: it names {index.classes} classes and images of {index.shape}.")
    for name, split in index.splits.items():
        counts = [block.count for block in split.blocks]
        if min(counts, default=0) < 1 or not split.count == sum(counts) == sum(split.histogram):
            raise DataError(f"The data index is damaged: the counts of its {name!r} split do not add up.")
        if len(split.histogram) != index.classes or min(split.histogram) < 0:
            raise DataError(f"The data index is damaged: the classes of its {name!r} split do not add up.")
