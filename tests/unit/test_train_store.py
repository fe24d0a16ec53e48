"""What training leaves in the browser: kept where it can be, in memory where it cannot, and the visitor is told."""

from __future__ import annotations

import asyncio
from typing import Any

import numpy as np
import pytest

from tabgrad.data.drawings import dumps
from tabgrad.protocol import DRAWINGS_KEY, Finished, Metrics, RunSettings
from tabgrad.ui.train_data import MOST, MOST_BYTES, Moment, Points, make_row, thinned, to_csv, to_json, with_interval
from tabgrad.ui.train_own import own_option
from tabgrad.ui.train_store import (
    KEPT_WEIGHTS,
    RESUME,
    RUNS,
    TIMELINE,
    TrainStore,
    moment_key,
    weights_key,
)
from tests.unit.own_drawings import by_hand


class FakeStorage(dict[str, bytes]):
    """A store with room for `room` bytes."""

    room = 10**9

    async def get(self, key: str) -> bytes | None:  # type: ignore[override] # the protocol's, not the dict's
        return dict.get(self, key)

    async def put(self, key: str, value: bytes) -> None:
        if sum(len(v) for k, v in self.items() if k != key) + len(value) > self.room:
            raise OSError("The browser's storage for this page is full.")
        self[key] = value

    async def delete(self, key: str) -> None:
        self.pop(key, None)


def stores(room: int = 10**9) -> tuple[TrainStore, FakeStorage, list[str]]:
    storage, said = FakeStorage(), list[str]()
    storage.room = room

    async def open_storage() -> FakeStorage:
        return storage

    return TrainStore(open_storage, said.append), storage, said


def row(run_id: str) -> dict[str, Any]:
    finished = Finished(
        reason="completed",
        step=10,
        epoch=1.5,
        validation_accuracy=0.97,
        test_accuracy=0.975,
        interval=[0.97, 0.98],
        seconds=2.5,
        settings=RunSettings(hidden=(64, 32)).to_json(),
    )
    return make_row(run_id, finished, "WebAssembly", 1000, "")


def test_runs_and_checkpoints_survive_a_reload() -> None:
    async def go() -> None:
        store, storage, said = stores()
        await store.add_run(row("a"), b"weights a")
        await store.add_run(row("b"), b"weights b")
        await store.save_checkpoint(b"half way")
        again = TrainStore(store._open, said.append)
        await again.load()
        assert [r["id"] for r in again.runs] == ["b", "a"]
        assert await again.weights("a") == b"weights a"
        assert await again.checkpoint() == b"half way"
        await again.drop_checkpoint()
        await again.remove_run("a")
        assert await again.checkpoint() is None
        assert set(storage) == {RUNS, weights_key("b")}
        assert said == []

    asyncio.run(go())


def test_weights_of_old_runs_make_room() -> None:
    async def go() -> None:
        store, storage, _ = stores()
        for number in range(KEPT_WEIGHTS + 3):
            await store.add_run(row(f"{number}"), b"w")
        assert len(store.runs) == KEPT_WEIGHTS + 3
        assert len([key for key in storage if key != RUNS]) == KEPT_WEIGHTS
        assert await store.weights("0") is None

    asyncio.run(go())


def test_a_full_storage_loses_nothing_and_is_told_once() -> None:
    async def go() -> None:
        store, _, said = stores(room=100)
        for number in range(3):
            await store.save_checkpoint(bytes(200 + number))
        assert await store.checkpoint() == bytes(202)
        await store.add_run(row("a"), bytes(300))
        assert await store.weights("a") == bytes(300)
        assert len(said) == 1
        assert "export" in said[0]

    asyncio.run(go())


def test_no_storage_at_all_is_survived() -> None:
    async def go() -> None:
        async def refuse() -> FakeStorage:
            raise OSError("The browser does not let this page store anything.")

        said: list[str] = []
        store = TrainStore(refuse, said.append)
        await store.load()
        await store.add_run(row("a"), b"w")
        assert await store.weights("a") == b"w"
        assert len(said) == 1

    asyncio.run(go())


def test_a_damaged_table_of_runs_is_begun_anew() -> None:
    async def go() -> None:
        for content in (b"{", b"3", b'[1, {"id": 3}]'):
            store, storage, _ = stores()
            storage[RUNS] = content
            await store.load()
            assert store.runs == []

    asyncio.run(go())


def test_runs_export_as_csv_and_json() -> None:
    import csv
    import io
    import json

    rows = [row("a"), row("b")]
    table = list(csv.DictReader(io.StringIO(to_csv(rows))))
    assert [line["id"] for line in table] == ["a", "b"]
    assert table[0]["hidden"] == "64 32"
    assert float(table[0]["test_accuracy"]) == 0.975
    assert json.loads(to_json(rows)) == rows
    assert to_csv([]).count("\n") == 1


def test_curves_share_an_axis_and_leave_gaps() -> None:
    points = Points()
    points.add(Metrics(step=[10, 20], loss=[2.0, 1.0], accuracy=[0.1, 0.5]))
    points.add(
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


def test_old_checkpoints_are_thinned_but_for_the_first_and_the_last() -> None:
    moments: list[Moment] = []
    for step in range(500):
        moments = thinned([*moments, Moment(step, step / 10, 0.5, b"")])
        assert len(moments) <= MOST
        assert (moments[0].step, moments[-1].step) == (0, step)
        assert [m.step for m in moments] == sorted(m.step for m in moments)


def test_a_share_among_few_images_comes_with_its_interval() -> None:
    assert with_interval(0.9825, [0.9797, 0.9849]) == "98.25 %"
    assert with_interval(1.0, [0.772, 1.0]) == "100.00 % (95 % interval 77 to 100 %)"


# ---- the timeline ----


def moment(step: int, size: int = 100) -> Moment:
    counts = np.full((10, 10), step).tolist()
    return Moment(step, step / 10, 0.5, bytes([step % 256]) * size, counts)


def timeline_keys(storage: FakeStorage) -> set[str]:
    return {key for key in storage if key.startswith(TIMELINE)}


def test_a_resumed_run_has_its_whole_timeline_back() -> None:
    async def go() -> None:
        store, storage, said = stores()
        store.begin(resumed=False)
        for last in range(1, 6):
            await store.save_checkpoint(b"checkpoint")
            await store.save_moments([moment(step) for step in range(1, last + 1)])
        again = TrainStore(store._open, said.append)
        again.begin(resumed=True)
        assert await again.moments() == [moment(step) for step in range(1, 6)]
        await again.save_moments([moment(step) for step in (1, 3, 5, 6)])  # thinned, and one more
        assert timeline_keys(storage) == {TIMELINE, *(moment_key(step) for step in (1, 3, 5, 6))}
        assert await again.moments() == [moment(step) for step in (1, 3, 5, 6)]
        assert said == []

    asyncio.run(go())


def test_the_timeline_of_another_run_goes_with_the_first_thing_kept_of_this_one() -> None:
    async def go() -> None:
        store, storage, _ = stores()
        await store.save_checkpoint(b"old")
        await store.save_moments([moment(1), moment(2)])
        again = TrainStore(store._open, print)
        again.begin(resumed=False)
        assert await again.checkpoint() == b"old"  # nothing is kept of the new run yet: the old one can be resumed
        assert len(await again.moments()) == 2
        await again.save_checkpoint(b"new")
        assert timeline_keys(storage) == set()
        await again.save_moments([moment(3)])
        assert await again.moments() == [moment(3)]

    asyncio.run(go())


def test_what_is_still_on_its_way_when_a_run_ends_is_not_kept() -> None:
    async def go() -> None:
        store, storage, _ = stores()
        store.begin(resumed=False)
        moments = [moment(1), moment(2)]
        await store.save_moments(moments)
        await asyncio.gather(store.save_checkpoint(b"x"), store.drop_checkpoint(), store.save_moments(moments))
        assert dict(storage) == {}
        store.begin(resumed=False)
        await store.save_moments(moments)
        assert await store.moments() == moments

    asyncio.run(go())


def test_saves_that_overtake_each_other_leave_the_latest_timeline() -> None:
    async def go() -> None:
        store, storage, _ = stores()
        store.begin(resumed=False)
        await asyncio.gather(*(store.save_moments([moment(s) for s in range(1, n + 1)]) for n in range(1, 9)))
        assert [m.step for m in await store.moments()] == list(range(1, 9))
        assert len(timeline_keys(storage)) == 9

    asyncio.run(go())


def test_a_moment_that_takes_another_ones_place_is_kept_with_its_own_weights() -> None:
    async def go() -> None:
        store, _, _ = stores()
        store.begin(resumed=False)
        await store.save_moments([moment(1), moment(2)])
        better = Moment(2, 0.2, 0.9, b"better", moment(2).confusion)
        await store.save_moments([moment(1), better])
        assert (await store.moments())[1] == better

    asyncio.run(go())


def test_without_room_the_timeline_goes_first_and_the_checkpoint_stays() -> None:
    async def go() -> None:
        store, storage, said = stores(room=3_000)
        store.begin(resumed=False)
        await store.save_checkpoint(bytes(1_000))
        await store.save_moments([moment(1, 300), moment(2, 300)])
        assert said == []
        await store.save_checkpoint(bytes(2_900))
        assert storage[RESUME] == bytes(2_900)
        assert timeline_keys(storage) == set()
        assert said == []
        await store.save_moments([moment(1, 300)])  # not tried again in this run
        assert timeline_keys(storage) == set()

    asyncio.run(go())


def test_a_timeline_that_does_not_fit_leaves_nothing_behind_and_is_told_once() -> None:
    async def go() -> None:
        store, storage, said = stores(room=2_500)
        store.begin(resumed=False)
        for last in range(1, 5):
            await store.save_moments([moment(step, 900) for step in range(1, last + 1)])
        assert dict(storage) == {}
        assert len(said) == 1
        assert await store.moments() == []
        store.begin(resumed=False)
        await store.save_moments([moment(1, 100)])
        assert len(await store.moments()) == 1

    asyncio.run(go())


@pytest.mark.parametrize(
    "index",
    [
        b"{",
        b"7",
        b'[{"step": 1}]',
        b'[{"step": 1e999, "epoch": 1, "accuracy": 1, "confusion": []}]',
        b'[{"step": 1, "epoch": 1, "accuracy": 1, "confusion": [[1]]}]',
        b'[{"step": 2, "epoch": 1, "accuracy": 1, "confusion": []}, '
        b'{"step": 1, "epoch": 1, "accuracy": 1, "confusion": []}]',
    ],
)
def test_a_damaged_timeline_is_forgotten(index: bytes) -> None:
    async def go() -> None:
        store, storage, said = stores()
        storage[TIMELINE] = index
        assert await store.moments() == []
        await store.save_moments([moment(4)])
        assert await store.moments() == [moment(4)]
        assert said == []

    asyncio.run(go())


def test_a_moment_whose_weights_are_gone_is_left_out_and_one_without_confusion_is_not() -> None:
    async def go() -> None:
        store, storage, _ = stores()
        old = Moment(2, 0.2, 0.5, b"old")
        await store.save_moments([moment(1), old, moment(3)])
        del storage[moment_key(1)]
        found = await store.moments()
        assert [m.step for m in found] == [2, 3]
        assert (found[0].weights, list(found[0].confusion)) == (b"old", [])

    asyncio.run(go())


def test_large_networks_leave_fewer_checkpoints() -> None:
    moments: list[Moment] = []
    for step in range(50):
        moments = thinned([*moments, Moment(step, step, 0.5, bytes(MOST_BYTES // 10))])
        assert sum(len(m.weights) for m in moments) <= MOST_BYTES
    assert (moments[0].step, moments[-1].step) == (0, 49)
    huge = [Moment(step, step, 0.5, bytes(MOST_BYTES)) for step in range(2)]
    assert thinned(huge) == huge  # the first and the last stay, whatever they take


# ---- the visitor's own drawings ----


def test_the_option_says_how_many_drawings_there_are() -> None:
    async def go() -> None:
        store, storage, _ = stores()
        assert own_option(await store.drawings()) == ("Your own (none kept)", False)
        storage[DRAWINGS_KEY] = dumps(by_hand(3), 280.0).encode()
        assert own_option(await store.drawings()) == ("Your own (3)", True)

    asyncio.run(go())
    assert own_option(dumps([], 280.0).encode()) == ("Your own (none kept)", False)
    assert own_option(b"{") == ("Your own (damaged)", False)
