"""What the browser refuses to store waits in memory, with what other tabs store meanwhile, until there is room."""

from __future__ import annotations

import asyncio

import pytest

from tabgrad.storage import KeptStore
from tests.unit.ui.train.train_stores import FakeStorage

FULL = "The browser's storage for this page is full."
CLOSED = "The browser does not let this page store anything (InvalidStateError)."


def append(text: bytes) -> object:
    return lambda content: (content or b"") + text


def test_what_is_refused_waits_and_is_stored_with_the_next_that_works() -> None:
    async def go() -> None:
        storage = FakeStorage()
        kept, heard = KeptStore(storage.open), list[str]()
        kept.watchers.append(lambda: heard.append(kept.why_waiting("a/")))
        storage.room = 3
        assert await kept.put("a/1", b"large") == FULL
        assert await kept.put("b/1", b"large too") == FULL
        assert await kept.get("a/1") == b"large"
        assert (kept.why_waiting("a/"), kept.why_waiting("c/")) == (FULL, "")
        storage.room = 100
        assert await kept.put("c/1", b"small") == ""
        assert dict(storage) == {"a/1": b"large", "b/1": b"large too", "c/1": b"small"}
        assert kept.why_waiting("") == ""
        assert heard == [FULL, FULL, ""]

    asyncio.run(go())


def test_keys_are_those_that_this_tab_sees() -> None:
    async def go() -> None:
        storage = FakeStorage({"a/1": b"1", "a/2": b"2", "b/1": b"3"})
        kept = KeptStore(storage.open)
        assert await kept.keys("a/") == ["a/1", "a/2"]
        storage.fault = CLOSED
        await kept.delete("a/1")
        await kept.put("a/3", b"waits")
        await kept.put("b/3", b"waits, too")
        storage.fault = ""
        assert await kept.keys("a/") == ["a/2", "a/3"]

    asyncio.run(go())


def test_a_small_thing_that_fits_does_not_wait_behind_a_large_one() -> None:
    async def go() -> None:
        storage = FakeStorage()
        kept = KeptStore(storage.open)
        storage.fault = CLOSED
        await kept.put("large", bytes(90))
        await kept.put("small", bytes(5))
        storage.fault, storage.room = "", 20
        assert await kept.put("other", b"") == ""
        assert set(storage) == {"small", "other"}
        storage.room = 100
        await kept.retry()
        assert set(storage) == {"large", "small", "other"}

    asyncio.run(go())


def test_a_change_is_made_to_what_is_stored_when_it_can_be_read() -> None:
    """A table that cannot be read must not be replaced by what this tab has added to it."""

    async def go() -> None:
        storage = FakeStorage({"table": b"1"})
        kept = KeptStore(storage.open)
        storage.fault = CLOSED
        assert await kept.change("table", append(b"3"), known=b"1") == (b"13", CLOSED)
        assert await kept.change("table", append(b"4"), known=b"") == (b"134", CLOSED)
        assert await kept.get("table") == b"134"
        storage.fault = ""
        storage["table"] = b"12"  # by another tab
        assert await kept.change("table", append(b"5")) == (b"12345", "")
        assert storage["table"] == b"12345"
        assert await kept.change("new", append(b"1")) == (b"1", "")

    asyncio.run(go())


def test_changes_that_are_made_at_the_same_time_are_all_made() -> None:
    async def go() -> None:
        storage = FakeStorage()
        kept = KeptStore(storage.open)
        storage.fault = CLOSED
        await asyncio.gather(*(kept.change("table", append(text)) for text in (b"1", b"2", b"3")))
        storage.fault = ""
        await kept.retry()
        assert storage["table"] == b"123"

    asyncio.run(go())


def test_a_change_of_a_value_that_waits_whole_changes_that_value() -> None:
    async def go() -> None:
        storage = FakeStorage({"key": b"old"})
        kept = KeptStore(storage.open)
        storage.fault = CLOSED
        await kept.put("key", b"new")
        await kept.change("key", append(b"!"))
        storage.fault = ""
        await kept.retry()
        assert storage["key"] == b"new!"

    asyncio.run(go())


def test_what_was_deleted_while_nothing_could_be_deleted_does_not_come_back() -> None:
    async def go() -> None:
        storage = FakeStorage({"key": b"value"})
        kept = KeptStore(storage.open)
        storage.fault = CLOSED
        await kept.delete("key")
        assert await kept.get("key") is None
        assert kept.why_waiting("") == "", "nothing that was made waits"
        storage.fault = ""
        await kept.retry()
        assert not storage

    asyncio.run(go())


def test_what_is_only_tried_does_not_wait() -> None:
    async def go() -> None:
        storage = FakeStorage()
        kept = KeptStore(storage.open)
        storage.room = 3
        assert await kept.try_put("key", b"large") == FULL
        assert await kept.get("key") is None
        assert kept.why_waiting("") == ""

    asyncio.run(go())


def test_a_store_that_cannot_be_read_says_so() -> None:
    async def go() -> None:
        storage = FakeStorage()
        kept = KeptStore(storage.open)
        storage.fault = CLOSED
        with pytest.raises(OSError, match="InvalidStateError"):
            await kept.get("key")
        storage.fault = ""
        assert await kept.get("key") is None

    asyncio.run(go())


def test_after_clearing_nothing_writes_itself_back() -> None:
    async def go() -> None:
        storage = FakeStorage({"a": b"1"})
        kept = KeptStore(storage.open)
        storage.room = 3
        await kept.put("b", b"large")
        storage.room = 100
        await kept.clear()
        await kept.put("c", b"3")
        assert dict(storage) == {"c": b"3"}
        storage.fault = CLOSED
        with pytest.raises(OSError, match="InvalidStateError"):
            await kept.clear()

    asyncio.run(go())
