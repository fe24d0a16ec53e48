"""The visitor's data sets as they are kept: heads and blocks, read again exactly, and refused in a sentence if not."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from tabgrad.data import DataError, Samples
from tabgrad.data.sets import (
    BLOCK,
    MAX_NAME,
    SetHead,
    blocks_of,
    check_name,
    decode_block,
    encode_block,
    load_head,
)

ID = "set-0123456789abcdef"
COUNTS = {"train": (2, 3), "validation": (1, 1), "test": (0, 1)}
IMAGES = SetHead(ID, "Shapes", "images", ("circle", "star"), COUNTS, "shapes.zip", dict.fromkeys(COUNTS, ("0" * 64,)))
DRAWINGS = SetHead(ID, "Runes", "drawings", ("ᚠ", "ᚢ", "ᚦ"), {"train": (5, 5, 0)})


@pytest.mark.parametrize("head", [IMAGES, DRAWINGS])
def test_a_head_is_read_as_it_was_written(head: SetHead) -> None:
    assert load_head(head.dumps()) == head
    assert load_head(head.dumps()).dumps() == head.dumps()


def test_a_head_counts_its_samples() -> None:
    assert (IMAGES.size("train"), IMAGES.size("test"), IMAGES.samples) == (5, 1, 8)
    assert (DRAWINGS.size("train"), DRAWINGS.size("test"), DRAWINGS.samples) == (10, 0, 10)


@pytest.mark.parametrize(
    "changes",
    [
        {"id": "set-1"},
        {"id": "../../train/runs"},
        {"kind": "sounds"},
        {"name": ""},
        {"name": "x" * (MAX_NAME + 1)},
        {"name": 3},
        {"labels": ["one"]},
        {"labels": ["same", "same"]},
        {"labels": None},
        {"origin": "x" * 1_000},
        {"counts": {"train": [2, 3]}},
        {"counts": {**COUNTS, "train": [2, 3, 4]}},
        {"counts": {**COUNTS, "train": [-1, 3]}},
        {"counts": {**COUNTS, "train": [1e9, 3]}},
        {"counts": {**COUNTS, "train": [10**9, 3]}},
        {"counts": {**COUNTS, "other": [1, 1]}},
        {"hashes": {}},
        {"hashes": {**IMAGES.hashes, "train": ["short"]}},
        {"hashes": {**IMAGES.hashes, "train": ["0" * 64] * 2}},
        {"version": 2},
        {"format": "tabgrad-drawings"},
        {"more": 1},
    ],
)
def test_a_head_that_cannot_be_is_refused_in_a_sentence(changes: dict[str, Any]) -> None:
    with pytest.raises(DataError, match=r"^[A-Z].{20,169}\.$"):
        load_head(json.dumps({**json.loads(IMAGES.dumps()), **changes}).encode())


@pytest.mark.parametrize("cut", [0, 1, 40, -1])
def test_a_head_that_breaks_off_is_refused(cut: int) -> None:
    with pytest.raises(DataError, match="damaged"):
        load_head(IMAGES.dumps()[:cut])


def test_blocks_hold_images_and_labels() -> None:
    rng = np.random.default_rng(1)
    samples = Samples(rng.integers(0, 256, (5, 28, 28), np.uint8), rng.integers(0, 2, 5, np.uint8))
    content = encode_block(samples)
    again = decode_block(content, 5)
    assert len(content) == 5 * 785
    assert (again.images == samples.images).all()
    assert (again.labels == samples.labels).all()
    for wrong in (content[:-1], content + b"\0", b""):
        with pytest.raises(DataError, match="wrong length"):
            decode_block(wrong, 5)


@pytest.mark.parametrize("count", [1, BLOCK, BLOCK + 1, 3 * BLOCK - 1])
def test_blocks_cover_a_split(count: int) -> None:
    blocks = list(blocks_of(count))
    assert [i for block in blocks for i in range(count)[block]] == list(range(count))
    assert all(0 < block.stop - block.start <= BLOCK for block in blocks)


def test_a_name_is_one_visible_line() -> None:
    assert check_name("  My\n\tshapes\u202e ") == "My shapes"
    assert len(check_name("x" * 900)) == MAX_NAME
    with pytest.raises(DataError, match="name"):
        check_name(" \u200b\n")
    assert load_head(replace(IMAGES, name=check_name("y" * 99)).dumps()).name == "y" * MAX_NAME
