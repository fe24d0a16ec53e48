"""The visitor's own drawings survive whatever the browser's storage does."""

from __future__ import annotations

import asyncio

import numpy as np
import pytest

from tabgrad.data import drawings as files
from tabgrad.data.drawings import Drawing, dumps
from tabgrad.ink import Stroke
from tabgrad.storage.keys import DRAWINGS
from tabgrad.ui.inspect.own_store import OwnDrawings


class Storage:
    """A browser's storage in a dictionary; `fault` makes it fail."""

    def __init__(self, fault: str = "", content: bytes | None = None) -> None:
        self.files, self.fault = {} if content is None else {DRAWINGS: content}, fault

    async def open(self) -> Storage:
        return self

    async def get(self, key: str) -> bytes | None:
        return self.files.get(key)

    async def put(self, key: str, value: bytes) -> None:
        if self.fault:
            raise OSError(self.fault)
        self.files[key] = value


def drawing(label: int) -> Drawing:
    return Drawing(label, (Stroke(np.array([[1, 2], [3, 4]], np.float32)),), 280.0)


def test_drawings_are_there_on_the_next_visit() -> None:
    storage = Storage()
    assert asyncio.run(OwnDrawings(storage.open).add([drawing(4), drawing(2)])) == ""
    again = OwnDrawings(storage.open)
    assert asyncio.run(again.load()) == ""
    assert [d.label for d in again.drawings] == [4, 2]


def test_a_full_storage_loses_nothing_of_this_visit_and_says_what_to_do() -> None:
    own = OwnDrawings(Storage("The browser's storage for this page is full.").open)
    sentence = asyncio.run(own.add([drawing(4)]))
    assert "is full" in sentence
    assert "export" in sentence
    assert [d.label for d in own.drawings] == [4]
    assert own.dumps() == dumps([drawing(4)], 280.0).encode()


def test_without_any_storage_the_page_still_works() -> None:
    async def refuse() -> Storage:
        raise OSError("The browser does not let this page store anything.")

    own = OwnDrawings(refuse)
    assert "export them before you leave" in asyncio.run(own.load())
    assert "export them" in asyncio.run(own.add([drawing(1)]))
    assert len(own.drawings) == 1


def test_a_damaged_file_is_left_alone_until_something_new_is_kept() -> None:
    storage = Storage(content=b"{damaged")
    own = OwnDrawings(storage.open)
    assert "damaged" in asyncio.run(own.load())
    assert storage.files[DRAWINGS] == b"{damaged"
    assert own.drawings == []


def test_two_tabs_keep_each_others_drawings() -> None:
    async def go() -> None:
        storage = Storage()
        one, other = OwnDrawings(storage.open), OwnDrawings(storage.open)
        await one.load()
        await other.load()
        await one.add([drawing(4)])
        await asyncio.gather(other.add([drawing(2)]), other.add([drawing(7)]))
        await one.add([drawing(9), drawing(9)])
        await other.remove_last()
        again = OwnDrawings(storage.open)
        await again.load()
        assert [d.label for d in again.drawings] == [d.label for d in other.drawings] == [4, 2, 7, 9]

    asyncio.run(go())


def test_a_drawing_kept_before_the_earlier_ones_are_read_is_added_to_them() -> None:
    storage = Storage(content=dumps([drawing(4)], 280.0).encode())
    own = OwnDrawings(storage.open)
    asyncio.run(own.add([drawing(2)]))
    assert [d.label for d in own.drawings] == [4, 2]


def test_what_could_not_be_kept_is_kept_as_soon_as_there_is_room() -> None:
    async def go() -> None:
        storage = Storage("The browser's storage for this page is full.")
        own = OwnDrawings(storage.open)
        await own.add([drawing(4)])
        storage.fault = ""
        assert await own.add([drawing(2)]) == ""
        again = OwnDrawings(storage.open)
        await again.load()
        assert [d.label for d in again.drawings] == [4, 2]

    asyncio.run(go())


def test_more_drawings_than_a_file_may_hold_are_refused_before_they_make_it_unreadable(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(files, "MAX_DRAWINGS", 3)
    storage = Storage()
    own = OwnDrawings(storage.open)
    asyncio.run(own.add([drawing(4), drawing(2)]))
    with pytest.raises(files.DrawingsError, match="At most 3"):
        asyncio.run(own.add([drawing(7), drawing(7)]))
    assert [d.label for d in own.drawings] == [4, 2]
    assert asyncio.run(OwnDrawings(storage.open).load()) == ""
