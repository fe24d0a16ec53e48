"""Damaged data: drawings, idx files, indexes of packed data sets, heads of stored ones, cards of models."""

from __future__ import annotations

import gzip
import json
import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tabgrad.data import DataError
from tabgrad.data.drawings import Drawing, DrawingsError, dumps, loads
from tabgrad.data.index import BlockInfo, DataIndex, SplitInfo, load_index
from tabgrad.data.mnist import parse_idx, unzip
from tabgrad.data.sets import SetHead, load_head
from tabgrad.ink import Stroke
from tabgrad.program import ProgramError
from tabgrad.ui.models.model import parse_card
from tests.fuzz.formats.base import MODELS, Format
from tests.fuzz.mutate import Damage

SIZE = 280.0


def damaged_drawings(damage: Damage) -> bytes:
    strokes = tuple(Stroke(np.array(p, np.float32), 1.2) for p in ([[50, 60], [90, 200], [60, 60]], [[1, 2]]))
    drawings = [Drawing(label, strokes, SIZE) for label in (7, 3)]
    return damage.text(json.loads(dumps(drawings, SIZE)), "drawings")


def use_drawings(_text: bytes, drawings: list[Drawing]) -> None:
    for drawing in drawings[:2]:
        image = drawing.image()
        assert np.isfinite(image).all()
        assert 0 <= image.min() <= image.max() <= 1
    again = loads(dumps(drawings, SIZE))
    assert [d.label for d in again] == [d.label for d in drawings]


def damaged_idx(damage: Damage) -> bytes:
    raw = b"\0\0\x08\x03" + b"".join(n.to_bytes(4, "big") for n in (3, 4, 5)) + bytes(range(60))
    match damage.rng.randrange(3):
        case 0:
            return damage.bytes(raw)
        case 1:
            return gzip.compress(damage.bytes(raw), mtime=0)
        case _:
            return damage.bytes(gzip.compress(raw, mtime=0))


def read_idx(data: bytes) -> NDArray[np.uint8]:
    return parse_idx(unzip(data, "t10k-images"), "t10k-images")


def use_idx(_data: bytes, values: NDArray[np.uint8]) -> None:
    assert values.dtype == np.uint8
    assert values.ndim <= 4


def damaged_index(damage: Damage) -> bytes:
    blocks = tuple(BlockInfo(f"mnist-{i}.bin", 20, f"{i}" * 64, 99) for i in range(2))
    split = SplitInfo(40, (4,) * 10, blocks)
    index = DataIndex(
        "mnist", (28, 28), 10, "in order", {"a": "b"}, {"train": split, "validation": split, "test": split}
    )
    return damage.text(json.loads(index.dumps()), "splits", "shape", "classes")


def use_index(_text: bytes, index: DataIndex) -> None:
    assert load_index(index.dumps()) == index
    assert sum(split.count for split in index.splits.values()) * math.prod(index.shape) <= 1 << 29


def damaged_card(damage: Damage) -> bytes:
    return damage.text(json.loads((MODELS / "mlp" / "card.json").read_text()))


def use_card(_text: bytes, card: Any) -> None:
    assert 0 < float(card.get("temperature", 1)) < math.inf
    assert 0 <= float(card.get("not_sure_below", 0.5)) <= 1


def damaged_set(damage: Damage) -> bytes:
    counts = {"train": (2, 3), "validation": (1, 1), "test": (0, 1)}
    hashes = dict.fromkeys(counts, ("0" * 64,)) if damage.rng.random() < 0.5 else {}
    kind: Any = "images" if hashes else "drawings"
    head = SetHead("set-0123456789abcdef", "Shapes", kind, ("circle", "star"), counts, "shapes.zip", hashes)
    return damage.text(json.loads(head.dumps()))


def use_set(_text: bytes, head: SetHead) -> None:
    assert load_head(head.dumps()) == head
    assert head.samples == sum(map(head.size, head.counts))


DATA: dict[str, Format] = {
    "set": Format(damaged_set, load_head, use_set, (DataError,)),
    "drawings": Format(damaged_drawings, loads, use_drawings, (DrawingsError,)),
    "idx": Format(damaged_idx, read_idx, use_idx, (DataError,)),
    "index": Format(damaged_index, load_index, use_index, (DataError,)),
    "card": Format(damaged_card, parse_card, use_card, (ProgramError,)),
}
