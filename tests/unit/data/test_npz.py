"""A data set as an .npz file: NumPy opens it, and the page reads exactly the same set from it."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator
from functools import partial

import numpy as np
import pytest

from tabgrad.alphabet import Labels
from tabgrad.data import Samples
from tabgrad.data.drawn import drawn_blocks
from tabgrad.data.index import SPLITS, SplitName
from tabgrad.data.npz import write_npz
from tabgrad.data.reading import Reading
from tests.unit.data.reading.files import images, labels, npy, npz, reading
from tests.unit.data.test_drawn import opened


def exported(found: Reading, block: int = 50) -> bytes:
    async def blocks(split: SplitName) -> AsyncIterator[Samples]:
        values, of = found.samples[split]
        for first in range(0, len(of), block):
            yield Samples(values[first : first + block], of[first : first + block])

    pieces = list[bytes]()
    counts = {name: len(found.samples[name].labels) for name in SPLITS}
    asyncio.run(write_npz(found.labels, counts, blocks, pieces.append))
    assert max(map(len, pieces)) <= max(block * 784, 1000)
    return b"".join(pieces)


@pytest.mark.parametrize(
    ("classes", "dark"),
    [(("T-shirt", "Hose, lang", "مرحبا"), False), (tuple("abcdefghijklmnopqrstuvwxyz"), True), (("0", "1"), False)],
)
def test_what_is_exported_is_read_as_the_same_set(classes: Labels, dark: bool) -> None:
    count = 40 * len(classes)
    drawn = images(count, seed=4)
    drawn[:7] //= 40  # faint ink stays faint
    first = reading(
        {
            "set.npz": npz(
                x_train=255 - drawn if dark else drawn, y_train=labels(count, len(classes)), labels=np.array(classes)
            )
        },
        **({"polarity": "light"} if dark else {}),  # the visitor says that the paper is white
    )
    assert first.labels == classes
    content = exported(first)
    again = reading({"my set.npz": content})
    assert (again.labels, again.id, again.name) == (first.labels, first.id, "my set")
    for split in SPLITS:
        for one, other in zip(first.samples[split], again.samples[split], strict=True):
            np.testing.assert_array_equal(one, other)
    with np.load(io.BytesIO(content)) as arrays:
        assert arrays["labels"].tolist() == list(classes)
        np.testing.assert_array_equal(arrays["x_test"], first.samples["test"].images)
        np.testing.assert_array_equal(arrays["y_validation"], first.samples["validation"].labels)
    assert exported(again) == content


def test_names_in_an_array_are_names_only_where_there_are_numbers_too() -> None:
    shown = images(6)
    texts = np.array(["a", "b"] * 3)
    assert reading({"x.npy": npy(shown), "y.npy": npy(texts)}).labels == ("a", "b")
    both = reading({"set.npz": npz(x=shown, y=labels(6, 2), names=np.array(["cat", "dog", "bird"]))})
    assert both.labels == ("cat", "dog")
    assert reading({"set.npz": npz(x=shown, y=labels(6, 2) + 5, names=np.array(["cat", "dog"]))}).labels == ("5", "6")


def test_drawings_are_exported_as_an_epoch_has_them() -> None:
    data = opened(("ᚠ", "ᚢ"), 10)
    pieces = list[bytes]()

    async def go() -> None:
        counts = {split: data.count if split == "train" else data.size(split) for split in SPLITS}
        await write_npz(data.alphabet, counts, partial(drawn_blocks, data), pieces.append)

    asyncio.run(go())
    again = reading({"runes.npz": b"".join(pieces)})
    assert again.labels == ("ᚠ", "ᚢ")
    assert {name: len(again.samples[name].labels) for name in SPLITS} == {
        "train": data.count,
        "validation": 4,
        "test": 4,
    }
