"""The data sets that the page knows: looked up, renamed, removed, also in two tabs, and never half there."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from tabgrad.alphabet import Labels
from tabgrad.data import DataError
from tabgrad.data.sets import load_head
from tabgrad.storage import KeptStore, keys
from tabgrad.ui.sets.known import KnownSets
from tests.unit.data.test_sets import DRAWINGS, ID, IMAGES
from tests.unit.ui.train.train_stores import FakeStorage

OTHER = "set-00000000000000bb"


class Tab:
    """A tab of a browser with this storage."""

    def __init__(self, storage: FakeStorage) -> None:
        self.labels = dict[str, Labels]()
        self.known = KnownSets(KeptStore(storage.open), self.labels)
        self.heard = list[int]()
        self.known.watchers.append(lambda: self.heard.append(self.known.version))


def stored() -> FakeStorage:
    runes = replace(DRAWINGS, id=OTHER)
    return FakeStorage(
        {
            keys.RUNS: b"[]",
            keys.set_head(ID): IMAGES.dumps(),
            keys.set_block(ID, "train", 0): b"images",
            keys.set_head(OTHER): runes.dumps(),
            keys.set_drawings(OTHER): b"drawings",
        }
    )


def test_sets_are_listed_by_name_with_their_labels() -> None:
    async def go() -> None:
        tab = Tab(stored())
        assert tab.known.titles == {}
        await tab.known.load()
        assert list(tab.known.titles.items()) == [(OTHER, "Runes (10)"), (ID, "Shapes (8)")]
        assert tab.labels == {ID: ("circle", "star"), OTHER: ("ᚠ", "ᚢ", "ᚦ")}
        assert tab.heard == [1]
        await tab.known.load()
        assert tab.heard == [1]  # nothing has changed

    asyncio.run(go())


def test_what_has_no_head_is_not_listed_and_what_is_damaged_is_counted() -> None:
    async def go() -> None:
        storage = stored()
        del storage[keys.set_head(ID)]
        storage[keys.set_head(OTHER)] = b"{"
        tab = Tab(storage)
        await tab.known.load()
        assert (tab.known.heads, tab.known.damaged) == ({}, [OTHER])
        await tab.known.remove(OTHER)
        assert (tab.known.damaged, list(storage)) == ([], [keys.RUNS, keys.set_block(ID, "train", 0)])

    asyncio.run(go())


def test_without_storage_there_are_no_sets() -> None:
    async def go() -> None:
        storage = stored()
        storage.fault = "The browser does not let this page store anything."
        tab = Tab(storage)
        await tab.known.load()
        assert (tab.known.heads, tab.heard) == ({}, [])

    asyncio.run(go())


def test_a_set_is_renamed_and_removed_and_another_tab_sees_it() -> None:
    async def go() -> None:
        storage = stored()
        one, other = Tab(storage), Tab(storage)
        for tab in (one, other):
            await tab.known.load()
        await one.known.rename(ID, "  Forms\n")
        assert load_head(storage[keys.set_head(ID)]) == replace(IMAGES, name="Forms")
        with pytest.raises(DataError, match="name"):
            await one.known.rename(ID, " ")
        await other.known.load()
        assert other.known.heads[ID].name == "Forms"
        await other.known.remove(ID)
        assert list(storage) == [keys.RUNS, keys.set_head(OTHER), keys.set_drawings(OTHER)]
        assert list(other.labels) == [OTHER]
        await one.known.rename(ID, "Again")  # it is gone: this must not bring half of it back
        assert ID not in one.known.heads
        assert keys.set_head(ID) not in storage

    asyncio.run(go())


def test_a_set_in_memory_is_listed_until_it_is_removed() -> None:
    async def go() -> None:
        storage = FakeStorage()
        tab = Tab(storage)
        await tab.known.hold(IMAGES)
        assert tab.known.is_held(ID)
        await tab.known.rename(ID, "Forms")
        assert tab.known.heads[ID].name == "Forms"
        tab.known.changed_elsewhere()
        await tab.known.load()
        assert list(tab.known.heads) == [ID]  # erasing is for what is stored
        await tab.known.remove(ID)
        assert (tab.known.heads, storage) == ({}, {})

    asyncio.run(go())


def test_what_is_erased_is_forgotten() -> None:
    async def go() -> None:
        storage = stored()
        tab = Tab(storage)
        await tab.known.load()
        dict.clear(storage)
        tab.known.changed_elsewhere()
        await tab.known.load()
        assert (tab.known.heads, tab.labels, tab.heard) == ({}, {}, [1, 2])

    asyncio.run(go())
