"""The checkpoints of a run outlive the tab: thinned, within their room, gone with the run, forgotten if damaged."""

from __future__ import annotations

import asyncio
from typing import Any

import numpy as np
import pytest

from tabgrad.artifacts import TimelineEntry, thinned
from tabgrad.artifacts.timeline import MAX_BYTES
from tabgrad.storage.keys import RESUME, TIMELINE, timeline_weights
from tabgrad.ui.train.state import Timeline
from tests.unit.ui.train.train_stores import FakeStorage, another_tab, run_row, stores


def entry(step: int, size: int = 100) -> TimelineEntry:
    counts = np.full((10, 10), step).tolist()
    return TimelineEntry(step, step / 10, 0.5, bytes([step % 256]) * size, counts)


def timeline_keys(storage: FakeStorage) -> set[str]:
    return {key for key in storage if key.startswith(TIMELINE)}


async def kept(store: Any) -> list[TimelineEntry]:
    """The timeline that is kept, whosever it is."""
    return (await store.timeline())[1]


def test_a_resumed_run_has_its_whole_timeline_back() -> None:
    async def go() -> None:
        store, storage, said = stores()
        store.begin("a", resumed=False)
        for last in range(1, 6):
            await store.save_checkpoint(b"checkpoint")
            await store.save_timeline([entry(step) for step in range(1, last + 1)])
        again = another_tab(storage, said)
        again.begin("a", resumed=True)
        assert await kept(again) == [entry(step) for step in range(1, 6)]
        await again.save_timeline([entry(step) for step in (1, 3, 5, 6)])  # thinned, and one more
        assert timeline_keys(storage) == {TIMELINE, *(timeline_weights(step) for step in (1, 3, 5, 6))}
        assert await kept(again) == [entry(step) for step in (1, 3, 5, 6)]
        assert said == []

    asyncio.run(go())


def test_the_first_thing_stored_of_a_run_deletes_the_timeline_of_the_run_before() -> None:
    async def go() -> None:
        store, storage, _ = stores()
        await store.save_checkpoint(b"old")
        await store.save_timeline([entry(1), entry(2)])
        again = another_tab(storage, [])
        again.begin("a", resumed=False)
        assert await again.checkpoint() == b"old"  # nothing is kept of the new run yet: the old one can be resumed
        assert len(await kept(again)) == 2
        await again.save_checkpoint(b"new")
        assert timeline_keys(storage) == set()
        await again.save_timeline([entry(3)])
        assert await kept(again) == [entry(3)]

    asyncio.run(go())


def test_what_still_waits_to_be_stored_when_a_run_is_dropped_is_not_stored() -> None:
    async def go() -> None:
        store, storage, _ = stores()
        store.begin("a", resumed=False)
        entries = [entry(1), entry(2)]
        await store.save_timeline(entries)
        await asyncio.gather(store.save_checkpoint(b"x"), store.drop_checkpoint(), store.save_timeline(entries))
        assert dict(storage) == {}
        store.begin("a", resumed=False)
        await store.save_timeline(entries)
        assert await kept(store) == entries

    asyncio.run(go())


def test_a_finished_run_keeps_its_timeline_until_another_run_stores_something() -> None:
    async def go() -> None:
        store, storage, said = stores()
        store.begin("a", resumed=False)
        entries = [entry(1), entry(2)]
        await asyncio.gather(
            store.save_checkpoint(b"the last one"),
            store.save_timeline(entries[:1]),
            store.finish(run_row("a"), b"weights", entries),
        )
        assert await store.checkpoint() is None
        await store.save_checkpoint(b"a straggler")
        await store.drop_checkpoint()  # a reset clears the screen, not what is kept of the run
        again = another_tab(storage, said)
        assert await again.timeline() == ("a", entries)
        assert await again.checkpoint() is None
        again.begin("b", resumed=False)
        await again.save_timeline([entry(9)])
        assert await again.timeline() == ("b", [entry(9)])
        assert timeline_keys(storage) == {TIMELINE, timeline_weights(9)}
        assert said == []

    asyncio.run(go())


def test_a_run_in_a_second_tab_leaves_what_the_first_tab_has_stored() -> None:
    async def go() -> None:
        first, storage, said = stores()
        first.begin("a", resumed=False)
        await first.save_checkpoint(b"half way")
        await first.save_timeline([entry(1)])
        second = another_tab(storage, said)
        second.begin("b", resumed=False, alone=False)
        await second.save_checkpoint(b"its own")
        await second.save_timeline([entry(7)])
        await second.finish(run_row("b"), b"weights", [entry(7)])
        await second.drop_checkpoint()
        assert await first.checkpoint() == b"half way"
        assert await first.timeline() == ("a", [entry(1)])
        await first.load()
        assert [row["id"] for row in first.runs] == ["b"]
        assert said == []

    asyncio.run(go())


def test_forgetting_a_run_deletes_its_own_timeline_only() -> None:
    async def go() -> None:
        store, storage, _ = stores()
        for run_id, step in (("a", 1), ("b", 2)):
            store.begin(run_id, resumed=False)
            await store.finish(run_row(run_id), b"weights", [entry(step)])
        await store.remove_run("a")
        assert await store.timeline() == ("b", [entry(2)])
        await store.remove_run("b")
        assert timeline_keys(storage) == set()

    asyncio.run(go())


def test_saves_that_overtake_each_other_leave_the_latest_timeline() -> None:
    async def go() -> None:
        store, storage, _ = stores()
        store.begin("a", resumed=False)
        await asyncio.gather(*(store.save_timeline([entry(s) for s in range(1, n + 1)]) for n in range(1, 9)))
        assert [e.step for e in await kept(store)] == list(range(1, 9))
        assert len(timeline_keys(storage)) == 9

    asyncio.run(go())


def test_an_entry_that_replaces_another_is_stored_with_its_own_weights() -> None:
    async def go() -> None:
        store, _, _ = stores()
        store.begin("a", resumed=False)
        await store.save_timeline([entry(1), entry(2)])
        better = TimelineEntry(2, 0.2, 0.9, b"better", entry(2).confusion)
        await store.save_timeline([entry(1), better])
        assert (await kept(store))[1] == better

    asyncio.run(go())


def test_without_room_the_timeline_goes_first_and_the_checkpoint_stays() -> None:
    async def go() -> None:
        store, storage, said = stores(room=3_000)
        store.begin("a", resumed=False)
        await store.save_checkpoint(bytes(1_000))
        await store.save_timeline([entry(1, 300), entry(2, 300)])
        assert said == []
        await store.save_checkpoint(bytes(2_900))
        assert storage[RESUME] == bytes(2_900)
        assert timeline_keys(storage) == set()
        assert said == []
        await store.save_timeline([entry(1, 300)])  # not tried again in this run
        assert timeline_keys(storage) == set()

    asyncio.run(go())


def test_a_timeline_that_does_not_fit_leaves_nothing_behind_and_is_reported_once() -> None:
    async def go() -> None:
        store, storage, said = stores(room=2_500)
        store.begin("a", resumed=False)
        for last in range(1, 5):
            await store.save_timeline([entry(step, 900) for step in range(1, last + 1)])
        assert dict(storage) == {}
        assert len(said) == 1
        assert await kept(store) == []
        store.begin("a", resumed=False)
        await store.save_timeline([entry(1, 100)])
        assert len(await kept(store)) == 1

    asyncio.run(go())


@pytest.mark.parametrize(
    "index",
    [
        b"{",
        b"7",
        b"[]",
        b'{"run": "a", "moments": 7}',
        b'{"run": "a", "moments": [{"step": 1}]}',
        b'{"run": "a", "moments": [{"step": 1e999, "epoch": 1, "accuracy": 1, "confusion": []}]}',
        b'{"run": "a", "moments": [{"step": 1, "epoch": 1, "accuracy": 1, "confusion": [[1]]}]}',
        b'{"run": "a", "moments": [{"step": 2, "epoch": 1, "accuracy": 1, "confusion": []}, '
        b'{"step": 1, "epoch": 1, "accuracy": 1, "confusion": []}]}',
    ],
)
def test_a_damaged_timeline_is_forgotten(index: bytes) -> None:
    async def go() -> None:
        store, storage, said = stores()
        storage[TIMELINE] = index
        assert await kept(store) == []
        await store.save_timeline([entry(4)])
        assert await kept(store) == [entry(4)]
        assert said == []

    asyncio.run(go())


def test_an_entry_whose_weights_are_gone_is_left_out_and_one_without_confusion_is_not() -> None:
    async def go() -> None:
        store, storage, _ = stores()
        old = TimelineEntry(2, 0.2, 0.5, b"old")
        await store.save_timeline([entry(1), old, entry(3)])
        del storage[timeline_weights(1)]
        found = await kept(store)
        assert [e.step for e in found] == [2, 3]
        assert (found[0].weights, list(found[0].confusion)) == (b"old", [])

    asyncio.run(go())


def test_large_networks_leave_fewer_checkpoints() -> None:
    entries: list[TimelineEntry] = []
    for step in range(50):
        entries = thinned([*entries, TimelineEntry(step, step, 0.5, bytes(MAX_BYTES // 10))])
        assert sum(len(e.weights) for e in entries) <= MAX_BYTES
    assert (entries[0].step, entries[-1].step) == (0, 49)
    huge = [TimelineEntry(step, step, 0.5, bytes(MAX_BYTES)) for step in range(2)]
    assert thinned(huge) == huge  # the first and the last stay, whatever they take


def test_the_position_stays_at_the_end_or_at_its_entry() -> None:
    timeline = Timeline()
    assert timeline.entry is None
    assert timeline.at_end
    for step in (1, 2, 3):
        timeline.add(entry(step))
        assert timeline.entry == entry(step)
    timeline.move_to(1)
    timeline.add(entry(4))
    assert timeline.entry == entry(2)
    assert not timeline.at_end
    timeline.move_to(99)
    assert timeline.at_end
    timeline.clear()
    assert (timeline.entry, timeline.position) == (None, 0)


def test_an_entry_of_the_same_step_is_replaced() -> None:
    timeline = Timeline()
    timeline.add(entry(1))
    timeline.add(TimelineEntry(1, 0.1, 0.9, b"better"))
    assert [e.weights for e in timeline.entries] == [b"better"]


def test_a_position_whose_entry_is_thinned_out_goes_to_the_next_one() -> None:
    timeline = Timeline()
    for step in range(60):
        timeline.add(entry(step))
    timeline.move_to(31)
    timeline.add(entry(60))
    assert timeline.entry is not None
    assert timeline.entry.step in (31, 32)
