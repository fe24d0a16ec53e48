"""The index of a packed data set: which blocks there are, how many samples each holds, what each must hash to.

A data set is a folder of one `index.json` and blocks. A block is a gzip file of n images (n * height * width bytes)
and then their n labels (n bytes). Owns the format; reads no files (`reader`) and makes none (`pack`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

from .errors import DataError

SplitName = Literal["train", "validation", "test"]
SPLITS: tuple[SplitName, ...] = ("train", "validation", "test")
FORMAT = "tabgrad-data"
VERSION = 1


@dataclass(frozen=True, slots=True)
class BlockInfo:
    """One block: its file relative to the index, samples, SHA-256 of its uncompressed bytes, size to transfer."""

    file: str
    count: int
    sha256: str
    size_bytes: int


@dataclass(frozen=True, slots=True)
class SplitInfo:
    """One split: samples, samples of each class, and its blocks in order."""

    count: int
    histogram: tuple[int, ...]
    blocks: tuple[BlockInfo, ...]


@dataclass(frozen=True, slots=True)
class DataIndex:
    """A packed data set. `shape` is one image's (height, width); `sources` maps original files to their SHA-256."""

    name: str
    shape: tuple[int, int]
    classes: int
    order: str
    sources: Mapping[str, str]
    splits: Mapping[SplitName, SplitInfo]

    def dumps(self) -> str:
        """Canonical JSON text: the same data set gives the same bytes."""
        body = {"format": FORMAT, "version": VERSION, **asdict(self)}
        return json.dumps(body, indent=1, sort_keys=True) + "\n"


def load_index(text: str | bytes) -> DataIndex:
    """Parse and check an index. Raises DataError, never anything else, whatever the text is."""
    try:
        body = json.loads(text)
        if body["format"] != FORMAT or body["version"] != VERSION:
            raise DataError("The data index is of another version than this page: reload the page.")
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
        raise DataError("The data index is damaged: it is not the JSON that this page expects.") from error
    _check(index)
    return index


def _split(item: dict[str, Any]) -> SplitInfo:
    blocks = tuple(
        BlockInfo(str(b["file"]), int(b["count"]), str(b["sha256"]), int(b["size_bytes"])) for b in item["blocks"]
    )
    return SplitInfo(int(item["count"]), tuple(int(n) for n in item["histogram"]), blocks)


def _check(index: DataIndex) -> None:
    if min(*index.shape, index.classes) < 1 or max(*index.shape, index.classes) > 4096:
        raise DataError(f"The data index is damaged: {index.classes} classes of {index.shape} images make no sense.")
    for name, split in index.splits.items():
        counts = [block.count for block in split.blocks]
        if min(counts, default=0) < 1 or not split.count == sum(counts) == sum(split.histogram):
            raise DataError(f"The data index is damaged: the counts of its {name!r} split do not add up.")
        if len(split.histogram) != index.classes or min(split.histogram) < 0:
            raise DataError(f"The data index is damaged: the classes of its {name!r} split do not add up.")
