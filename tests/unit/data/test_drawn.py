"""An invented alphabet as a data set: its split, its classes, and what it says when there is too little of it."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence

import numpy as np
import pytest

from tabgrad.data import DataError
from tabgrad.data.catalogue import DataSets
from tabgrad.data.drawings import Drawing, DrawingSet, drawing_text, dump_set
from tabgrad.data.drawn import MIN_IMAGES_PER_EPOCH, DrawnData, head_of, in_splits, open_drawn
from tabgrad.data.sets import load_head
from tabgrad.storage import keys
from tests.unit.data.own_drawings import by_hand

SET_ID = "set-0123456789abcdef"


def drawn(labels: Sequence[str], each: int | Sequence[int]) -> DrawingSet:
    """`each` drawings of every class, as if the digits 0, 1, … were its letters."""
    wanted = [each] * len(labels) if isinstance(each, int) else each
    made, count = list[Drawing](), Counter[int]()
    for drawing in by_hand(2_000):
        if drawing.label < len(labels) and count[drawing.label] < wanted[drawing.label]:
            count[drawing.label] += 1
            made.append(drawing)
    return DrawingSet("Runes", tuple(labels), tuple(made))


def file_of(found: DrawingSet) -> bytes:
    return dump_set(found.name, found.labels, [drawing_text(d, 280.0) for d in found.drawings], 280.0).encode()


def opened(labels: Sequence[str], each: int | Sequence[int]) -> DrawnData:
    return open_drawn(file_of(drawn(labels, each)))


def test_five_drawings_of_a_class_make_three_one_and_one() -> None:
    data = opened(["sun", "moon"], 5)
    assert data.alphabet == ("sun", "moon")
    assert [data.size(name) for name in ("train", "validation", "test")] == [6, 2, 2]
    for name in ("train", "validation", "test"):
        labels = asyncio.run(data.split(name)).labels
        assert np.bincount(labels).tolist() == [len(labels) // 2] * 2
    assert "10 drawings of Runes: 6 to learn from" in data.description


def test_another_drawing_moves_no_other() -> None:
    before = drawn(["sun", "moon"], 7).drawings
    old, new = in_splits(before), in_splits([*before, *drawn(["sun", "moon"], 9).drawings[14:]])
    assert all(new[name][: len(old[name])] == old[name] for name in old)


@pytest.mark.parametrize("classes", [2, 3, 10])
def test_training_has_all_classes_equally_often_in_an_order_of_the_seed(classes: int) -> None:
    data = opened([f"rune {n}" for n in range(classes)], 5)
    assert data.count >= MIN_IMAGES_PER_EPOCH
    images, labels = asyncio.run(data.source(3).take(data.count))
    assert np.bincount(labels).tolist() == [data.count // classes] * classes
    again, later = data.source(3), data.source(3)
    later.position = 100
    np.testing.assert_array_equal(asyncio.run(again.take(150)).images[100:], asyncio.run(later.take(50)).images)
    assert len({image.tobytes() for image in images}) > 0.95 * data.count


def test_too_little_is_said_in_a_sentence_that_names_the_classes() -> None:
    cases = [
        (drawn(["sun", "moon"], [5, 3]), "at least 5 drawings of each class: “moon” 2 more."),
        (drawn(["sun", "moon"], [0, 4]), "“sun” 5 more and “moon” 1 more."),
        (drawn([f"{n}" for n in range(6)], 0), "“3” 5 more and 2 other classes some."),
        (drawn(["sun"], 9), "at least 2 classes"),
        (drawn([], []), "at least 2 classes"),
    ]
    for few, said in cases:
        with pytest.raises(DataError, match=r"^[A-Z].*\.$") as refused:
            open_drawn(file_of(few))
        assert said in str(refused.value)
    with pytest.raises(DataError, match="cannot learn from this alphabet"):
        open_drawn(b"{damaged")


def test_the_head_of_a_set_can_be_kept() -> None:
    found = drawn(["sun", "moon"], [5, 3])
    head = load_head(head_of(SET_ID, found).dumps())
    assert (head.name, head.kind, head.labels, head.samples) == ("Runes", "drawings", ("sun", "moon"), 8)
    assert dict(head.counts) == {"train": (3, 2), "validation": (1, 1), "test": (1, 0)}


def test_the_fingerprint_changes_with_a_drawing_and_with_a_label() -> None:
    found = [opened(labels, each).fingerprint for labels, each in ((["a", "b"], 5), (["a", "c"], 5), (["a", "b"], 6))]
    assert len(set(found)) == 3


def test_a_run_gets_the_alphabet_as_it_is_stored_now() -> None:
    few, more = drawn(["sun", "moon"], 5), drawn(["sun", "moon"], 6)
    stored = {keys.set_head(SET_ID): head_of(SET_ID, few).dumps(), keys.set_drawings(SET_ID): file_of(few)}

    async def read(key: str) -> bytes | None:
        return stored.get(key)

    async def nothing(_: str | bytes) -> bytes:
        return b""

    async def go() -> None:
        sets = DataSets({"mnist": None}, nothing, nothing, read=read)
        first = await sets.open(SET_ID)
        assert (first.alphabet, first.size("train")) == (("sun", "moon"), 6)
        assert await sets.open(SET_ID) is first
        stored[keys.set_drawings(SET_ID)] = file_of(more)
        assert (await sets.open(SET_ID)).size("train") == 6 + 2
        stored[keys.set_drawings(SET_ID)] = b"{"
        with pytest.raises(DataError, match="cannot learn from this alphabet"):
            await sets.open(SET_ID)

    asyncio.run(go())
