"""The index of a packed data set: its blocks, the number of samples in each, and the hash of each.

A packed data set is a folder with one `index.json` and its blocks. A block is a gzip file of n images
(n * height * width bytes) followed by their n labels (n bytes). Owns this format; reads no blocks (see `packed`) and
writes none (see `mnist`).
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

from tabgrad.incoming import fits, quoted, read_json

from .base import DataError

SplitName = Literal["train", "validation", "test"]
SPLITS: tuple[SplitName, ...] = ("train", "validation", "test")
FORMAT = "tabgrad-data"
VERSION = 1
#: A split is kept in memory as a whole. Bytes, one a pixel; MNIST has 55 million.
MAX_PIXELS = 1 << 29
#: Characters of a name or a text, and files that the data were made from.
MAX_TEXT = 1_000
DAMAGED = "The data index is damaged, it is not the expected JSON: reload the page."
#: A block lies beside the index.
_FILE, _SHA256 = re.compile(r"[\w-][\w.-]{0,99}", re.ASCII), re.compile("[0-9a-f]{64}")


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
        body = read_json(text)
    except ValueError as error:
        raise DataError(DAMAGED) from error
    if not isinstance(body, dict):
        raise DataError(DAMAGED)
    version = body.get("version")
    if body.get("format") != FORMAT or not fits(version, int) or version != VERSION:
        raise DataError("The data index has another version than this page: reload the page.")
    _require(body, {"name": str, "shape": list[int], "classes": int, "order": str})
    _require(body, {"sources": dict[str, str], "splits": dict[str, Any]})
    if len(body["shape"]) != len("yx") or not {*SPLITS} <= body["splits"].keys():
        raise DataError(DAMAGED)
    height, width = body["shape"]
    index = DataIndex(
        name=body["name"],
        shape=(height, width),
        classes=body["classes"],
        order=body["order"],
        sources=body["sources"],
        splits={name: _split(body["splits"][name]) for name in SPLITS},
    )
    _check(index)
    return index


def _split(item: Any) -> SplitInfo:
    _require(item, {"count": int, "histogram": list[int], "blocks": list[Any]})
    return SplitInfo(item["count"], tuple(item["histogram"]), tuple(map(_block, item["blocks"])))


def _block(item: Any) -> BlockInfo:
    _require(item, {"file": str, "count": int, "sha256": str, "size_bytes": int})
    if not _FILE.fullmatch(item["file"]) or not _SHA256.fullmatch(item["sha256"]) or item["size_bytes"] < 0:
        raise DataError(f"The data index is damaged: it names a block {quoted(item['file'])} that cannot be.")
    return BlockInfo(item["file"], item["count"], item["sha256"], item["size_bytes"])


def _require(item: Any, hints: Mapping[str, Any]) -> None:
    """Raises DataError unless `item` is an object with these parts, of these types."""
    if not isinstance(item, dict) or not all(fits(item.get(name), hint) for name, hint in hints.items()):
        raise DataError(DAMAGED)


def _check(index: DataIndex) -> None:
    """Raises DataError if the numbers of an index contradict each other."""
    if max(len(index.name), len(index.order), len(index.sources)) > MAX_TEXT:
        raise DataError("The data index is damaged: its texts are too long.")
    if min(*index.shape, index.classes) < 1 or max(*index.shape, index.classes) > 4096:
        raise DataError("The data index is damaged: it names an impossible number of classes or size of images.")
    if sum(split.count for split in index.splits.values()) * math.prod(index.shape) > MAX_PIXELS:
        raise DataError("The data index is damaged: it names more images than fit into a tab.")
    for name, split in index.splits.items():
        counts = [block.count for block in split.blocks]
        if min(counts, default=0) < 1 or not split.count == sum(counts) == sum(split.histogram):
            raise DataError(f"The data index is damaged: the counts of its {name!r} split do not add up.")
        if len(split.histogram) != index.classes or min(split.histogram) < 0:
            raise DataError(f"The data index is damaged: the classes of its {name!r} split do not add up.")
