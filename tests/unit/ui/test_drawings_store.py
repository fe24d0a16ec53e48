"""The visitor's own drawings are not lost when the browser's storage is full, damaged, refused or shared by tabs."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import numpy as np
import pytest

from tabgrad.alphabet import DIGITS, Labels
from tabgrad.data import drawings as files
from tabgrad.data.drawings import Drawing, dumps
from tabgrad.ink import Stroke
from tabgrad.storage import KeptStore, keys
from tabgrad.ui.inspect.sections.drawings_store import DrawingsStore
from tests.unit.ui.train.train_stores import FakeStorage

FULL = "The browser's storage for this page is full."


RUNES: Labels = ("sun", "moon")


def drawings_in(
    storage: FakeStorage, persist: Callable[[], object] = lambda: None, labels: Labels = DIGITS
) -> DrawingsStore:
    """The drawings in `storage`, seen from a tab of its own."""
    return DrawingsStore(KeptStore(storage.open), persist, labels)


def with_drawings(*labels: int) -> FakeStorage:
    return FakeStorage({keys.DRAWINGS: dumps([drawing(label) for label in labels], 280.0).encode()})


def refusing(fault: str = FULL) -> FakeStorage:
    storage = FakeStorage()
    storage.fault = fault
    return storage


def drawing(label: int) -> Drawing:
    return Drawing(label, (Stroke(np.array([[1, 2], [3, 4]], np.float32)),), 280.0)


def test_drawings_are_there_on_the_next_visit() -> None:
    memory = FakeStorage()
    assert asyncio.run(drawings_in(memory).add([drawing(4), drawing(2)])) == ""
    again = drawings_in(memory)
    assert asyncio.run(again.load()) == ""
    assert [d.label for d in again.drawings] == [4, 2]


def test_the_browser_is_asked_once_to_keep_what_is_stored() -> None:
    memory, asked = refusing(), list[str]()
    store = drawings_in(memory, lambda: asked.append("persist"))
    asyncio.run(store.add([drawing(4)]))
    assert asked == []
    memory.fault = ""
    for label in (2, 7):
        asyncio.run(store.add([drawing(label)]))
    assert asked == ["persist"]


def test_when_storage_is_full_drawings_stay_for_this_visit_and_the_page_says_what_to_do() -> None:
    store = drawings_in(refusing())
    sentence = asyncio.run(store.add([drawing(4)]))
    assert "is full" in sentence
    assert "export" in sentence
    assert [d.label for d in store.drawings] == [4]
    assert store.dumps() == dumps([drawing(4)], 280.0).encode()


def test_drawings_can_be_made_without_storage() -> None:
    store = drawings_in(refusing("The browser does not let this page store anything."))
    assert "export them before you leave" in asyncio.run(store.load())
    assert "export them" in asyncio.run(store.add([drawing(1)]))
    assert len(store.drawings) == 1


def test_a_damaged_file_stays_as_it_is_until_a_new_drawing_is_stored() -> None:
    memory = FakeStorage({keys.DRAWINGS: b"{damaged"})
    store = drawings_in(memory)
    assert "damaged" in asyncio.run(store.load())
    assert memory[keys.DRAWINGS] == b"{damaged"
    assert store.drawings == []


def test_two_tabs_do_not_overwrite_each_others_drawings() -> None:
    async def go() -> None:
        memory = FakeStorage()
        one, other = drawings_in(memory), drawings_in(memory)
        await one.load()
        await other.load()
        await one.add([drawing(4)])
        await asyncio.gather(other.add([drawing(2)]), other.add([drawing(7)]))
        await one.add([drawing(9), drawing(9)])
        await other.remove_last()
        again = drawings_in(memory)
        await again.load()
        assert [d.label for d in again.drawings] == [d.label for d in other.drawings] == [4, 2, 7, 9]

    asyncio.run(go())


def test_each_alphabet_has_a_test_set_of_its_own_whatever_the_order_of_its_classes() -> None:
    async def go() -> None:
        memory = with_drawings(7)
        runes, reversed_runes = drawings_in(memory, labels=RUNES), drawings_in(memory, labels=RUNES[::-1])
        await runes.add([drawing(0), drawing(1), drawing(1)])
        await reversed_runes.load()
        assert [d.label for d in reversed_runes.drawings] == [1, 0, 0]
        await asyncio.gather(runes.add([drawing(0)]), reversed_runes.add([drawing(0)]))
        await runes.load()
        assert [d.label for d in runes.drawings] == [0, 1, 1, 0, 1]
        await runes.remove_last()
        assert files.read_set(runes.dumps()).counts() == [2, 2]
        others = drawings_in(memory, labels=("sun", "star"))
        await others.load()
        assert others.drawings == []
        digits = drawings_in(memory)
        await digits.load()
        assert [d.label for d in digits.drawings] == [7]
        assert memory[keys.DRAWINGS] == dumps([drawing(7)], 280.0).encode()
        assert set(memory) == {keys.DRAWINGS, keys.drawings_of(RUNES)}

    asyncio.run(go())


def test_a_test_set_that_waits_for_room_says_so_to_its_own_alphabet_only() -> None:
    async def go() -> None:
        memory = refusing()
        kept = KeptStore(memory.open)
        runes, digits = DrawingsStore(kept, labels=RUNES), DrawingsStore(kept)
        assert "export" in await runes.add([drawing(1)])
        assert [d.label for d in runes.drawings] == [1]
        assert "is full" in runes.fault
        assert "is full" not in DrawingsStore(kept, labels=("a", "b")).fault
        memory.fault = ""
        assert await digits.add([drawing(4)]) == ""
        assert runes.fault == ""
        assert set(memory) == {keys.DRAWINGS, keys.drawings_of(RUNES)}

    asyncio.run(go())


def test_a_drawing_added_before_load_does_not_overwrite_earlier_ones() -> None:
    memory = with_drawings(4)
    store = drawings_in(memory)
    asyncio.run(store.add([drawing(2)]))
    assert [d.label for d in store.drawings] == [4, 2]


def test_drawings_that_did_not_fit_are_stored_as_soon_as_there_is_room() -> None:
    async def go() -> None:
        memory = refusing()
        store = drawings_in(memory)
        await store.add([drawing(4)])
        memory.fault = ""
        assert await store.add([drawing(2)]) == ""
        again = drawings_in(memory)
        await again.load()
        assert [d.label for d in again.drawings] == [4, 2]

    asyncio.run(go())


def test_too_many_drawings_are_refused_so_that_the_file_stays_readable(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(files, "MAX_DRAWINGS", 3)
    memory = FakeStorage()
    store = drawings_in(memory)
    asyncio.run(store.add([drawing(4), drawing(2)]))
    with pytest.raises(files.DrawingsError, match="At most 3"):
        asyncio.run(store.add([drawing(7), drawing(7)]))
    assert [d.label for d in store.drawings] == [4, 2]
    assert asyncio.run(drawings_in(memory).load()) == ""


def test_drawings_that_could_not_be_read_are_added_to_and_not_replaced() -> None:
    async def go() -> None:
        memory = with_drawings(4, 2)
        memory.fault = "The browser does not let this page store anything (InvalidStateError)."
        store = drawings_in(memory)
        assert "InvalidStateError" in await store.load()
        await store.add([drawing(7)])
        assert [d.label for d in store.drawings] == [7]
        assert "until this tab closes" in store.fault
        memory.fault = ""
        await store.add([drawing(1)])
        assert [d.label for d in store.drawings] == [4, 2, 7, 1]
        assert store.fault == ""
        await store.remove_last()
        assert [d.label for d in files.loads(memory[keys.DRAWINGS])] == [4, 2, 7]

    asyncio.run(go())


def test_removing_the_last_of_equal_drawings_removes_one() -> None:
    async def go() -> None:
        store = drawings_in(with_drawings(4, 4))
        await store.remove_last()
        assert [d.label for d in store.drawings] == [4]
        await store.remove_last()
        assert await store.remove_last() == ""
        assert store.drawings == []

    asyncio.run(go())


def scribble(points: int, strokes: int = 1) -> Drawing:
    rng = np.random.default_rng(0)
    lines = (Stroke(rng.uniform(0, 280, (points, 2)).astype(np.float32)) for _ in range(strokes))
    return Drawing(3, tuple(lines), 280.0)


def test_what_is_kept_can_be_read_on_the_next_visit() -> None:
    async def go() -> None:
        memory = with_drawings(5, 6)
        store = drawings_in(memory)
        long = scribble(10_001)
        assert await store.add([long]) == ""
        for more in ([scribble(1, 2_001)], [scribble(9_000)] * 340, [scribble(1, 2_000)] * 101):
            with pytest.raises(files.DrawingsError, match=r"^At most .* can be kept, so nothing was added\.$"):
                await store.add(more)
        again = drawings_in(memory)
        assert await again.load() == ""
        assert [d.label for d in again.drawings] == [5, 6, 3]
        assert np.abs(again.drawings[2].image() - long.image()).max() < 0.05
        assert len(files.loads(again.dumps())) == 3

    asyncio.run(go())


def test_drawings_that_cannot_be_read_are_put_aside_and_not_replaced() -> None:
    async def go() -> None:
        memory = with_drawings(5)
        damaged, newer = b"{damaged", memory[keys.DRAWINGS].replace(b'"version":1', b'"version":2')
        for content in (newer, damaged, newer):
            memory[keys.DRAWINGS] = content
            store = drawings_in(memory)
            assert "put aside" in await store.load()
            assert await store.add([drawing(7)]) == ""
            assert (store.fault, [d.label for d in store.drawings]) == ("", [7])
        aside = {key: value for key, value in memory.items() if key != keys.DRAWINGS}
        assert aside == {keys.put_aside(keys.DRAWINGS, 1): newer, keys.put_aside(keys.DRAWINGS, 2): damaged}
        assert [d.label for d in files.loads(memory[keys.DRAWINGS])] == [7]

    asyncio.run(go())


def test_without_room_to_put_it_aside_a_file_that_cannot_be_read_stays() -> None:
    async def go() -> None:
        memory = FakeStorage({keys.DRAWINGS: b"{damaged" * 100})
        memory.room = 1_000
        store = drawings_in(memory)
        assert "export" in await store.add([drawing(7)])
        assert dict(memory) == {keys.DRAWINGS: b"{damaged" * 100}
        memory.room = 10_000
        await store.add([drawing(8)])
        assert [d.label for d in files.loads(memory[keys.DRAWINGS])] == [7, 8]
        assert memory[keys.put_aside(keys.DRAWINGS, 1)] == b"{damaged" * 100

    asyncio.run(go())
