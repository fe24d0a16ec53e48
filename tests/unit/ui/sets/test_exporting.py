"""A set goes into a file block by block; what is damaged is one sentence."""

from __future__ import annotations

import asyncio
import io

import numpy as np
import pytest

from tabgrad.data import DataError
from tabgrad.data.sets import load_head
from tabgrad.storage import keys
from tabgrad.ui.sets.exporting import export_drawings, export_images, file_name
from tests.unit.data.test_drawn import drawn, file_of
from tests.unit.data.test_sets import ID
from tests.unit.data.test_stored import ALL, LABELS, Storage


def test_a_stored_set_is_exported_block_by_block() -> None:
    storage, pieces = Storage(), list[bytes]()
    head = load_head(storage.kept[keys.set_head(ID)])
    said = asyncio.run(export_images(head, storage.read, pieces.append))
    assert f"has {head.samples:,} images" in said
    with np.load(io.BytesIO(b"".join(pieces))) as arrays:
        assert tuple(arrays["labels"]) == LABELS
        for name, (images, labels) in ALL.items():
            np.testing.assert_array_equal(arrays[f"x_{name}"], images)
            np.testing.assert_array_equal(arrays[f"y_{name}"], labels)
    del storage.kept[keys.set_block(ID, "train", 1)]
    with pytest.raises(DataError, match="no longer stored"):
        asyncio.run(export_images(head, storage.read, pieces.append))


def test_a_drawn_alphabet_is_exported_as_images() -> None:
    pieces = list[bytes]()
    said = asyncio.run(export_drawings("Runes & more", file_of(drawn(("a", "b"), 5)), pieces.append))
    assert said.startswith("runes-more.npz has 2,")
    with pytest.raises(DataError, match="at least 5 drawings"):
        asyncio.run(export_drawings("Runes", file_of(drawn(("a", "b"), 2)), pieces.append))


def test_a_file_is_called_by_the_set() -> None:
    assert file_name("My  Pets!", "npz") == "my-pets.npz"
    assert file_name("…", "json") == "alphabet.json"
