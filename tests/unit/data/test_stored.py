"""Stored image sets: read lazily, in an order that the seed decides, and in a sentence where something is wrong."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import numpy as np
import pytest

from tabgrad.data import DataError, Samples
from tabgrad.data.catalogue import DataSets
from tabgrad.data.sets import SetHead, blocks_of, encode_block, hash_block
from tabgrad.data.stored import StoredData
from tabgrad.storage import keys
from tests.unit.data.test_sets import DRAWINGS, ID

SIZES = {"train": 4_100, "validation": 30, "test": 20}
LABELS = ("circle", "square", "star")


def samples_of(count: int, seed: int) -> Samples:
    rng = np.random.default_rng(seed)
    return Samples(rng.integers(0, 256, (count, 28, 28), np.uint8), rng.integers(0, 3, count, np.uint8))


ALL = {name: samples_of(count, seed) for seed, (name, count) in enumerate(SIZES.items())}


class Storage:
    """What is stored by key, and which keys were read."""

    def __init__(self, kept: dict[str, bytes] | None = None) -> None:
        self.kept = {**STORED} if kept is None else kept
        self.log = list[str]()
        self.sets = DataSets({}, self._fetch, self._inflate, read=self.read)

    async def read(self, key: str) -> bytes | None:
        self.log.append(key)
        return self.kept.get(key)

    async def _fetch(self, url: str) -> bytes:
        raise AssertionError(url)

    async def _inflate(self, data: bytes) -> bytes:
        raise AssertionError(data)

    def open(self) -> StoredData:
        data = asyncio.run(self.sets.open(ID))
        assert isinstance(data, StoredData)
        return data


def stored() -> tuple[SetHead, dict[str, bytes]]:
    blocks = {
        name: [encode_block(Samples(*(part[rows] for part in samples))) for rows in blocks_of(SIZES[name])]
        for name, samples in ALL.items()
    }
    counts = {name: tuple(np.bincount(samples.labels, minlength=3).tolist()) for name, samples in ALL.items()}
    hashes = {name: tuple(map(hash_block, contents)) for name, contents in blocks.items()}
    head = SetHead(ID, "Shapes", "images", LABELS, counts, "shapes.zip", hashes)
    kept = {keys.set_block(ID, name, k): block for name, found in blocks.items() for k, block in enumerate(found)}
    return head, {keys.set_head(ID): head.dumps(), **kept}


HEAD, STORED = stored()


def test_a_set_is_what_was_stored() -> None:
    storage = Storage()
    data = storage.open()
    assert storage.log == [keys.set_head(ID)]
    assert (data.alphabet, data.count) == (LABELS, 4_100)
    assert data.description == "Shapes: 4,150 images of circle, square and star"
    for name, samples in ALL.items():
        found = asyncio.run(data.split(name))
        assert data.size(name) == SIZES[name]
        assert (found.images == samples.images).all()
        assert (found.labels == samples.labels).all()
    assert sorted(storage.log[1:]) == sorted(STORED.keys() - {keys.set_head(ID)})


def test_only_the_blocks_that_are_needed_are_read() -> None:
    storage = Storage()
    data = storage.open()
    found = asyncio.run(data.samples("train", [4_050, 4_099]))
    assert storage.log[1:] == [keys.set_block(ID, "train", 2)]
    assert (found.images == ALL["train"].images[[4_050, 4_099]]).all()
    with pytest.raises(DataError, match="no sample 20"):
        asyncio.run(data.samples("test", [20]))


def test_the_order_is_the_seeds_also_of_a_set_in_memory() -> None:
    async def taken(data: StoredData, seed: int, first: int) -> list[int]:
        source = data.source(seed)
        source.position = first
        return (await source.take(5_000)).images.sum((1, 2)).tolist()

    in_memory = StoredData(HEAD, Storage().read, ALL)
    one, other = (asyncio.run(taken(Storage().open(), seed, 0)) for seed in (1, 2))
    assert sorted(one[:4_100]) == sorted(ALL["train"].images.sum((1, 2)).tolist())
    assert one != other
    assert asyncio.run(taken(in_memory, 1, 0)) == one
    assert asyncio.run(taken(Storage().open(), 1, 1_000))[:3_000] == one[1_000:4_000]


def test_a_set_that_is_gone_or_damaged_says_so() -> None:
    head, block = keys.set_head(ID), keys.set_block(ID, "train", 1)
    for changes, words in [
        ({head: None}, "no longer stored in this browser"),
        ({head: b"{"}, "damaged"),
        ({head: replace(HEAD, id="set-" + "0" * 16).dumps()}, "damaged"),
        ({block: None}, "no longer stored in this browser"),
        ({block: STORED[block][:-1]}, "wrong length"),
        ({block: b"\xff" + STORED[block][1:]}, "'Shapes' is damaged"),
        ({block: STORED[block][:-1] + b"\x07"}, "'Shapes' is damaged"),
    ]:
        storage = Storage({key: value for key, value in {**STORED, **changes}.items() if value is not None})
        with pytest.raises(DataError, match=words) as raised:
            asyncio.run(storage.open().split("train"))
        assert len(str(raised.value)) <= 170
        assert ID not in str(raised.value)


def test_a_block_that_could_not_be_read_is_read_again_later() -> None:
    storage = Storage()
    data, key = storage.open(), keys.set_block(ID, "test", 0)
    content = storage.kept.pop(key)
    with pytest.raises(DataError):
        asyncio.run(data.split("test"))
    storage.kept[key] = content
    assert asyncio.run(data.split("test")).images.shape == (20, 28, 28)


def test_a_renamed_set_keeps_its_blocks_and_another_one_takes_its_place() -> None:
    storage = Storage()
    data = storage.open()
    before = data.fingerprint
    storage.kept[keys.set_head(ID)] = replace(HEAD, name="Forms").dumps()
    assert storage.open() is data
    assert (data.description[:5], data.fingerprint) == ("Forms", before)
    storage.kept[keys.set_head(ID)] = replace(HEAD, labels=("a", "b", "c")).dumps()
    other = storage.open()
    assert other is not data
    assert other.fingerprint != before


def test_a_set_in_memory_is_opened_without_storage() -> None:
    storage = Storage({})
    storage.sets.held[ID] = held = StoredData(HEAD, storage.read, ALL)
    assert storage.open() is held
    assert asyncio.run(held.split("test")) is ALL["test"]
    assert storage.log == []


def test_a_set_of_drawings_without_its_drawings_is_one_sentence() -> None:
    storage = Storage({keys.set_head(ID): DRAWINGS.dumps()})
    with pytest.raises(DataError, match="is no longer stored in this browser"):
        asyncio.run(storage.sets.open(ID))
