"""Edited copies in the storage: they come back as they were, and what is none is left out."""

from __future__ import annotations

import asyncio
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tabgrad.storage import KeptStore, keys
from tabgrad.ui.code.copies import LINK, Copies, Copy, dumps, loads
from tests.unit.ui.train.train_stores import FakeStorage

TEXT = st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=50)
COPIES = st.builds(
    Copy, TEXT, TEXT, TEXT, TEXT, st.booleans(), st.integers(0, 10**6), st.floats(0, 2e9, allow_nan=False)
)


@given(st.lists(COPIES, max_size=4))
def test_copies_come_back_the_newest_first(rows: list[Copy]) -> None:
    assert loads(dumps(rows)) == sorted(rows, key=lambda copy: -copy.saved_s)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"null",
        b"7",
        b"{}",
        b"[1, [], {}]",
        b'[{"id": "1"}]',
        b'[{"id": 1, "base": "", "source": ""}]',
        b"\xff",
        b"[",
    ],
)
def test_what_is_no_copy_is_left_out(content: bytes) -> None:
    assert loads(content) == []


def test_another_version_of_the_page_may_have_stored_more_or_less() -> None:
    row = {"id": "1", "base": "mlp", "source": "x"}
    assert loads(json.dumps([row, {**row, "colour": "red"}]).encode()) == [Copy("1", "mlp", "x")] * 2


def test_a_copy_is_removed_unless_another_tab_has_changed_it() -> None:
    async def go() -> None:
        storage = FakeStorage()
        mine, theirs = Copies(KeptStore(storage.open)), Copies(KeptStore(storage.open))
        one = await mine.save(Copy("1", LINK, "x"))
        await theirs.load()
        two = await theirs.save(theirs.rows[0])
        await mine.remove(one)
        assert loads(dict.get(storage, keys.CODE)) == [two]
        await mine.remove(two)
        assert loads(dict.get(storage, keys.CODE)) == []

    asyncio.run(go())
