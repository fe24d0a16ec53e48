"""The visitor's drawings as a data set: a fair split, repeatable variations, and an error for too few drawings."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import numpy as np
import pytest

from tabgrad.data import DataError, Samples
from tabgrad.data.catalogue import DataSets
from tabgrad.data.drawings import Drawing, dumps, split
from tabgrad.data.drawn import MIN_IMAGES_PER_EPOCH
from tabgrad.data.own import OwnData, missing_drawings, open_own
from tabgrad.data.strokes import CHUNK
from tests.unit.data.own_drawings import by_hand


def take(data: OwnData, seed: int, count: int, position: int = 0) -> Samples:
    source = data.source(seed)
    source.position = position
    return asyncio.run(source.take(count))


def whole(data: OwnData, name: str) -> Samples:
    return asyncio.run(data.split(name))


def opened(drawings: Sequence[Drawing]) -> OwnData:
    return OwnData(drawings, "made here")


def test_every_drawing_is_in_one_split_and_a_new_one_moves_no_other() -> None:
    drawings = by_hand(60)
    before, after = opened(drawings), opened([*drawings, *by_hand(70)[60:]])
    sizes = [before.size(name) for name in ("train", "validation", "test")]
    assert sum(sizes) == 60
    assert sizes[0] >= sizes[1] + sizes[2]
    for name in ("train", "validation", "test"):
        old, new = (whole(data, name) for data in (before, after))
        have = {(image.tobytes(), label) for image, label in zip(*new, strict=True)}
        assert {(image.tobytes(), label) for image, label in zip(*old, strict=True)} <= have
    learned, _ = split(drawings)
    assert whole(before, "train").labels.tolist() == [d.label for d in learned]


def test_four_drawings_of_two_digits_are_enough_and_fewer_are_refused() -> None:
    drawings = by_hand(400)
    ones, sevens = ([d for d in drawings if d.label == n] for n in (1, 7))
    data = opened([*ones[:4], *sevens[:4]])
    assert sorted(whole(data, "train").labels) == [1, 1, 7, 7]
    for name in ("validation", "test"):
        assert sorted(whole(data, name).labels) == [1, 7]
    cases = [([], 8), (ones[:9], 4), ([*ones[:9], *sevens[:1]], 3), ([*ones[:2], *sevens[:3]], 3)]
    for few, missing in cases:
        assert missing_drawings(few) == missing
        with pytest.raises(DataError, match=rf"keep {missing} more drawings under .*Your own test set.*\.$"):
            opened(few)


def test_an_epoch_has_each_drawing_equally_often_and_once_without_variation() -> None:
    data = opened(by_hand(60))
    learned = whole(data, "train")
    assert data.count >= MIN_IMAGES_PER_EPOCH
    assert data.count % len(learned.labels) == 0
    seen = take(data, 1, data.count)
    copies = data.count // len(learned.labels)
    assert np.bincount(seen.labels).tolist() == (np.bincount(learned.labels) * copies).tolist()
    for image, label in zip(*learned, strict=True):
        of_digit = seen.images[seen.labels == label].astype(int)
        # Rounding may differ a little, because the strokes lie elsewhere on the sheet than in a single image.
        assert (np.abs(of_digit - image.astype(int)).max((1, 2)) <= 2).any()
    assert len({image.tobytes() for image in seen.images}) > 0.95 * data.count


def test_variations_look_like_the_drawing() -> None:
    data = opened(by_hand(60))
    learned, seen = whole(data, "train"), take(data, 1, 4 * CHUNK)
    # The drawing with the smallest pixel distance shows the same digit: no variation looks like another digit.
    flat = [images.reshape(len(images), -1).astype(float) / 255 for images in (seen.images, learned.images)]
    distance = ((flat[0][:, None] - flat[1][None]) ** 2).sum(2)
    assert (learned.labels[distance.argmin(1)] == seen.labels).mean() > 0.9


def test_samples_depend_on_seed_and_position_alone() -> None:
    data = opened(by_hand(20))
    ahead = take(data, 1, 300)
    np.testing.assert_array_equal(take(data, 1, 50, position=250).images, ahead.images[250:])
    assert (take(data, 2, 300).images != ahead.images).any()
    later = take(data, 1, 40, position=data.count + 7)
    np.testing.assert_array_equal(take(data, 1, 20, position=data.count + 27).images, later.images[20:])


def test_single_samples_can_be_read() -> None:
    data = opened(by_hand(40))
    test = whole(data, "test")
    last = len(test.labels) - 1
    found = asyncio.run(data.samples("test", [last, 0]))
    np.testing.assert_array_equal(found.images, test.images[[last, 0]])
    for name, indices in (("test", [last + 1]), ("test", [-1]), ("other", [0])):
        with pytest.raises(DataError):
            asyncio.run(data.samples(name, indices))


def test_the_data_set_is_opened_again_only_when_the_drawings_have_changed() -> None:
    kept: list[bytes | None] = [dumps(by_hand(40), 280.0).encode()]

    async def read() -> bytes | None:
        return kept[0]

    async def nothing(_url: str | bytes) -> bytes:
        return b""

    async def go() -> None:
        sets = DataSets({"mnist": None}, nothing, nothing, read)
        first = await sets.open("mine")
        assert await sets.open("mine") is first
        kept[0] = dumps(by_hand(41), 280.0).encode()
        second = await sets.open("mine")
        assert second is not first
        assert second.fingerprint != first.fingerprint
        for content in (None, b"", b"{", b'{"format": "other"}'):
            kept[0] = content
            with pytest.raises(DataError, match=r"^[A-Z].*\.$"):
                await sets.open("mine")

    asyncio.run(go())


def test_a_damaged_file_is_one_sentence() -> None:
    with pytest.raises(DataError, match="cannot learn from your drawings"):
        open_own(b"{damaged")
