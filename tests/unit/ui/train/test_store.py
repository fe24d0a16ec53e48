"""What training leaves in the browser: kept where it can be, in memory where it cannot, and the visitor is told."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import numpy as np
import pytest

from tabgrad.artifacts import Curves, TimelineEntry, run_name, source_of, thinned, to_csv, to_json
from tabgrad.artifacts.runs import MAX_SOURCES
from tabgrad.artifacts.timeline import MAX_ENTRIES
from tabgrad.data.drawings import dumps
from tabgrad.network import CODE, MAX_SOURCE_BYTES
from tabgrad.protocol import Metrics
from tabgrad.storage.keys import DRAWINGS, RESUME, RUNS, put_aside, run_weights
from tabgrad.ui.train.store import KEPT_WEIGHTS, own_data_option
from tests.unit.data.own_drawings import by_hand
from tests.unit.ui.train.train_stores import FakeStorage, another_tab, run_row, stores


def entry(step: int) -> TimelineEntry:
    return TimelineEntry(step, step / 10, 0.5, bytes([step]) * 100, [])


def test_runs_and_checkpoints_survive_a_reload() -> None:
    async def go() -> None:
        store, storage, said = stores()
        await store.add_run(run_row("a"), b"weights a")
        await store.add_run(run_row("b"), b"weights b")
        await store.save_checkpoint(b"half way")
        again = another_tab(storage, said)
        await again.load()
        assert [r["id"] for r in again.runs] == ["b", "a"]
        assert await again.weights("a") == b"weights a"
        assert await again.checkpoint() == b"half way"
        await again.drop_checkpoint()
        await again.remove_run("a")
        assert await again.checkpoint() is None
        assert set(storage) == {RUNS, run_weights("b")}
        assert said == []

    asyncio.run(go())


def test_two_tabs_add_to_one_table_and_a_run_keeps_its_number() -> None:
    async def go() -> None:
        one, storage, said = stores()
        other = another_tab(storage, said)
        await other.load()
        await one.add_run(run_row("a"), b"a")
        await other.add_run(run_row("b"), b"b")
        await one.add_run(run_row("c"), b"c")
        await other.remove_run("b")
        await other.add_run(run_row("d"), b"d")
        again = another_tab(storage, said)
        await again.load()
        assert [(r["id"], r["number"]) for r in again.runs] == [("d", 4), ("c", 3), ("a", 1)]
        assert said == []

    asyncio.run(go())


def test_a_forgotten_run_comes_back_with_all_that_it_had() -> None:
    async def go() -> None:
        store, storage, said = stores()
        for run_id in ("a", "b"):
            store.begin(run_id, resumed=False)
            await store.finish(run_row(run_id), run_id.encode(), [entry(1), entry(2)])
        before = dict(storage)
        await store.remove_run("b")
        assert set(storage) == {RUNS, run_weights("a")}
        assert store.forgotten is not None
        await store.restore_run()
        assert dict(storage) == before
        assert await store.timeline() == ("b", [entry(1), entry(2)])
        assert store.forgotten is None
        await store.remove_run("a")
        await store.restore_run()
        assert dict(storage) == before
        assert said == []

    asyncio.run(go())


def test_a_second_forget_and_a_reload_make_the_first_one_final() -> None:
    async def go() -> None:
        store, storage, _ = stores()
        for run_id in ("a", "b", "c"):
            await store.add_run(run_row(run_id), b"w")
        await store.remove_run("a")
        await store.remove_run("b")
        await store.remove_run("unknown")
        await store.restore_run()
        assert [r["id"] for r in store.runs] == ["c", "b"]
        await store.remove_run("c")
        again = another_tab(storage, [])
        await again.load()
        await again.restore_run()
        assert [r["id"] for r in again.runs] == ["b"]
        assert set(storage) == {RUNS, run_weights("b")}

    asyncio.run(go())


def test_a_run_that_comes_back_keeps_its_number_and_leaves_later_ones_what_is_theirs() -> None:
    async def go() -> None:
        store, _, _ = stores()
        store.begin("a", resumed=False)
        await store.finish(run_row("a"), b"a", [entry(1)])
        await store.remove_run("a")
        store.begin("b", resumed=False)
        await store.finish(run_row("b"), b"b", [entry(7)])
        await store.restore_run()
        assert [(r["id"], r["number"]) for r in store.runs] == [("b", 2), ("a", 1)]
        assert await store.timeline() == ("b", [entry(7)])
        await store.remove_run("b")
        store.begin("c", resumed=False)
        await store.save_checkpoint(b"half way")
        await store.restore_run()
        assert await store.timeline() == ("", [])  # the place of a timeline is that of the run under way
        await store.save_timeline([entry(3)])
        assert await store.timeline() == ("c", [entry(3)])

    asyncio.run(go())


def test_a_timeline_that_no_longer_fits_leaves_nothing_behind() -> None:
    async def go() -> None:
        store, storage, _ = stores()
        store.begin("a", resumed=False)
        await store.finish(run_row("a"), b"a", [entry(1), entry(2)])
        await store.remove_run("a")
        storage.room = 800  # the row and the weights fit, and a part of the timeline
        await store.restore_run()
        assert set(storage) == {RUNS, run_weights("a")}

    asyncio.run(go())


def test_weights_of_old_runs_make_room() -> None:
    async def go() -> None:
        store, storage, _ = stores()
        for number in range(KEPT_WEIGHTS + 3):
            await store.add_run(run_row(f"{number}"), b"w")
        assert len(store.runs) == KEPT_WEIGHTS + 3
        assert len([key for key in storage if key != RUNS]) == KEPT_WEIGHTS
        assert await store.weights("0") is None

    asyncio.run(go())


def test_a_full_storage_loses_nothing_and_is_reported_once() -> None:
    async def go() -> None:
        store, _, said = stores(room=100)
        for number in range(3):
            await store.save_checkpoint(bytes(200 + number))
        assert await store.checkpoint() == bytes(202)
        await store.add_run(run_row("a"), bytes(300))
        assert await store.weights("a") == bytes(300)
        assert said == [store.fault]
        assert "export" in said[0]

    asyncio.run(go())


def test_training_works_without_storage() -> None:
    async def go() -> None:
        storage, said = FakeStorage(), list[str]()
        storage.fault = "The browser does not let this page store anything."
        store = another_tab(storage, said)
        await store.load()
        await store.add_run(run_row("a"), b"w")
        assert await store.weights("a") == b"w"
        assert len(said) == 1

    asyncio.run(go())


def test_a_table_of_runs_that_cannot_be_read_is_put_aside() -> None:
    async def go() -> None:
        for content in (b"{", b"3", b'{"version": 2}'):
            store, storage, said = stores()
            storage[RUNS], storage[run_weights("old")] = content, b"w"
            await store.load()
            assert store.runs == []
            assert "put aside" in said[0]
            await store.add_run(run_row("a"), b"w")
            assert [row["id"] for row in store.runs] == ["a"]
            assert storage[put_aside(RUNS, 1)] == content
            assert run_weights("old") in storage
            assert said == []

    asyncio.run(go())


def test_rows_that_cannot_be_shown_stay_as_they_are_in_their_place() -> None:
    async def go() -> None:
        store, storage, said = stores()
        for run_id in "abc":
            await store.add_run(run_row(run_id), b"w")
        rows = json.loads(storage[RUNS])
        rows[0]["settings"]["new_setting"] = 1
        rows[1]["settings"]["data"] = "fashion"
        storage[RUNS] = json.dumps([*rows, 7]).encode()
        again = another_tab(storage, said)
        await again.load()
        assert [row["id"] for row in again.runs] == ["a"]
        await again.add_run(run_row("d"), b"w")
        await again.remove_run("a")
        kept = json.loads(storage[RUNS])
        assert kept == [{**run_row("d"), "number": 4}, *rows[:2], 7]
        assert set(storage) == {RUNS, *map(run_weights, "bcd")}

    asyncio.run(go())


def test_weights_of_a_row_that_falls_off_the_table_are_deleted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tabgrad.ui.train.store.KEPT_RUNS", 2)

    async def go() -> None:
        store, storage, _ = stores()
        for run_id in "abc":
            await store.add_run(run_row(run_id), b"w")
        assert set(storage) == {RUNS, run_weights("b"), run_weights("c")}

    asyncio.run(go())


def written_row(run_id: str, source: str) -> dict[str, Any]:
    row = run_row(run_id)
    return {**row, "settings": {**row["settings"], "model": CODE, "source": source}}


def test_runs_of_written_networks_have_names_that_the_visitor_can_change() -> None:
    async def go() -> None:
        store, storage, said = stores()
        for run_id in "abc":
            await store.add_run(written_row(run_id, f"# {run_id}"), b"w")
        await store.add_run(run_row("d"), b"w")
        assert [run_name(row) for row in store.runs] == ["784-64-32-10", "Your code 3", "Your code 2", "Your code 1"]
        await store.rename_run("c", "  <b>SiLU</b>\n at\u0000 last ")
        await store.rename_run("d", "x" * 100)
        await store.rename_run("gone", "nobody")
        await store.rename_run("a", " ")
        again = another_tab(storage, said)
        await again.load()
        assert [run_name(row) for row in again.runs] == ["x" * 60, "<b>SiLU</b> at last", "Your code 2", "Your code"]
        await again.add_run(written_row("e", "# e"), b"w")
        assert run_name(again.runs[0]) == "Your code 5"

    asyncio.run(go())


def test_old_runs_lose_their_code_when_the_table_has_too_much_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tabgrad.artifacts.runs.MAX_SOURCES", 250)

    async def go() -> None:
        store, storage, said = stores()
        for run_id in "abcd":
            await store.add_run(written_row(run_id, run_id * 100), b"w")
        again = another_tab(storage, said)
        await again.load()
        assert [source_of(row) for row in again.runs] == ["d" * 100, "c" * 100, "", ""]
        assert [run_name(row) for row in again.runs] == [f"Your code {n}" for n in (4, 3, 2, 1)]

    asyncio.run(go())


def test_the_runs_whose_weights_are_kept_always_have_their_code() -> None:
    assert KEPT_WEIGHTS * MAX_SOURCE_BYTES <= MAX_SOURCES


def test_rows_that_earlier_versions_stored_are_shown_without_a_name() -> None:
    async def go() -> None:
        store, storage, _ = stores()
        storage[RUNS] = json.dumps([{**written_row("a", "# a"), "number": 1}]).encode()
        await store.load()
        assert run_name(store.runs[0]) == "Your code"
        assert source_of(store.runs[0]) == "# a"

    asyncio.run(go())


def test_a_column_of_the_csv_is_there_if_any_run_has_it() -> None:
    lines = to_csv([run_row("a"), {**run_row("b"), "name": "SiLU, at last"}]).splitlines()
    assert lines[0].split(",")[11] == "name"
    assert '"SiLU, at last"' in lines[2]


def test_runs_export_as_csv_and_json() -> None:
    import csv
    import io

    rows = [run_row("a"), run_row("b")]
    table = list(csv.DictReader(io.StringIO(to_csv(rows))))
    assert [line["id"] for line in table] == ["a", "b"]
    assert table[0]["hidden"] == "64 32"
    assert float(table[0]["test_accuracy"]) == 0.975
    assert json.loads(to_json(rows)) == rows
    assert to_csv([]).count("\n") == 1


def test_curves_share_an_axis_and_leave_gaps() -> None:
    points = Curves()
    points.extend(Metrics(step=[10, 20], loss=[2.0, 1.0], accuracy=[0.1, 0.5]))
    points.extend(
        Metrics(
            step=[30],
            loss=[0.5],
            accuracy=[0.8],
            validation_step=[25],
            validation_loss=[0.7],
            validation_accuracy=[0.75],
        )
    )
    epochs, train, validation = points.columns("loss", steps_per_epoch=10)
    assert epochs.tolist() == [1, 2, 2.5, 3]
    assert train[~np.isnan(train)].tolist() == [2.0, 1.0, 0.5]
    assert validation[~np.isnan(validation)].tolist() == [0.7]


def test_old_timeline_entries_are_thinned_except_the_first_and_the_last() -> None:
    entries: list[TimelineEntry] = []
    for step in range(500):
        entries = thinned([*entries, TimelineEntry(step, step / 10, 0.5, b"")])
        assert len(entries) <= MAX_ENTRIES
        assert (entries[0].step, entries[-1].step) == (0, step)
        assert [e.step for e in entries] == sorted(e.step for e in entries)


def test_the_option_says_how_many_drawings_there_are() -> None:
    async def go() -> None:
        store, storage, _ = stores()
        assert own_data_option(await store.drawings()) == ("Your own (none kept)", False)
        storage[DRAWINGS] = dumps(by_hand(3), 280.0).encode()
        assert own_data_option(await store.drawings()) == ("Your own (3)", True)

    asyncio.run(go())
    assert own_data_option(dumps([], 280.0).encode()) == ("Your own (none kept)", False)
    assert own_data_option(b"{") == ("Your own (damaged)", False)


def test_a_table_that_could_not_be_read_is_added_to_and_not_replaced() -> None:
    async def go() -> None:
        one, storage, said = stores()
        await one.add_run(run_row("a"), b"a")
        storage.fault = "The browser does not let this page store anything (InvalidStateError)."
        store = another_tab(storage, said)
        await store.load()
        await store.add_run(run_row("b"), b"b")
        assert [r["id"] for r in store.runs] == ["b"]
        assert said == [store.fault]
        storage.fault = ""
        await store.add_run(run_row("c"), b"c")
        assert said == [], "the sentence is taken back"
        await store.load()
        assert [(r["id"], r["number"]) for r in store.runs] == [("c", 3), ("b", 2), ("a", 1)]
        assert {run_weights(run_id) for run_id in "abc"} < set(storage)

    asyncio.run(go())


def test_after_erasing_the_runs_of_before_do_not_come_back() -> None:
    async def go() -> None:
        kept, storage, said = stores()
        await kept.add_run(run_row("a"), b"a")
        other = another_tab(storage, said)
        await other.load()
        dict.clear(storage)
        kept.erased()
        await kept.save_checkpoint(b"late")
        assert not storage
        await other.add_run(run_row("b"), b"b")
        assert [r["id"] for r in other.runs] == ["b"]

    asyncio.run(go())


def test_a_tab_that_closes_at_the_end_of_a_run_leaves_the_run_in_the_table_or_resumable() -> None:
    class Watched(FakeStorage):
        async def delete(self, key: str) -> None:
            if key == RESUME:
                assert {RUNS, run_weights("a")} <= set(self), "the result is stored first"
            await FakeStorage.delete(self, key)

    async def go() -> None:
        storage = Watched()
        store = another_tab(storage, [])
        store.begin("a", resumed=False)
        await store.save_checkpoint(b"half way")
        await store.finish(run_row("a"), b"w", [])
        assert RESUME not in storage

    asyncio.run(go())
