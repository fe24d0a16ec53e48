"""Other people's data in the worker: read, previewed, stored, and held in memory where storage refuses."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pytest

from tabgrad.data import DataError, Samples
from tabgrad.data.catalogue import DataSets
from tabgrad.data.index import SPLITS, SplitName
from tabgrad.data.reading import Guess, InputFile, Progress, Reading
from tabgrad.data.sets import load_head
from tabgrad.protocol import (
    Accepted,
    AnyEvent,
    DataKept,
    DataProgress,
    DataRead,
    DropData,
    Failed,
    Handle,
    ReadData,
    UseData,
    decode_command,
    decode_event,
    encode,
)
from tabgrad.session.host import WorkerHost
from tabgrad.session.importing import NOTHING_READ, SHOWN, STOPPED, Importing, origin_of
from tabgrad.session.shelf import BUSY, Shelf, halves
from tabgrad.storage import keys

LABELS = ("circle", "square", "star")
ID = Reading("", LABELS, {}, (), (), "content").id
SIZES: dict[SplitName, int] = {"train": 2_050, "validation": 20, "test": 10}
FULL = "The browser's storage for this page is full."


def samples_of(count: int, seed: int) -> Samples:
    rng = np.random.default_rng(seed)
    return Samples(rng.integers(0, 256, (count, 28, 28), np.uint8), (np.arange(count) % 3).astype(np.uint8))


SAMPLES = {name: samples_of(SIZES[name], seed) for seed, name in enumerate(SPLITS)}


class Store:
    """A `ByteStore` in a dict. It takes `room` more values, then it is full."""

    def __init__(self, room: int = 1_000) -> None:
        self.kept = dict[str, bytes]()
        self.room = room

    async def open(self) -> Store:
        return self

    async def get(self, key: str) -> bytes | None:
        return self.kept.get(key)

    async def put(self, key: str, value: bytes) -> None:
        if self.room == 0:
            raise OSError(FULL)
        self.room -= 1
        self.kept[key] = value

    async def delete(self, key: str) -> None:
        self.kept.pop(key, None)

    async def keys(self, prefix: str) -> list[str]:
        return [key for key in self.kept if key.startswith(prefix)]

    async def sizes(self) -> dict[str, int]:
        return {key: len(value) for key, value in self.kept.items()}

    async def clear(self) -> None:
        self.kept.clear()


class Lock:
    """`is_free` until another tab has it; counts how often it was given back."""

    def __init__(self) -> None:
        self.is_free, self.given_back = True, 0

    async def take(self) -> bool:
        return self.is_free

    def give_back(self) -> None:
        self.given_back += 1


class File:
    """What the browser's file is for the reader."""

    def __init__(self, handle: Handle, name: str) -> None:
        self.handle, self.name, self.size = handle, name, 3

    async def read(self, start: int, stop: int) -> bytes:
        return b"abc"[start:stop]


class Bench:
    """A host that can import, with a reader that gives `SAMPLES`; `fault` is what it raises instead."""

    def __init__(self, store: Store | None = None) -> None:
        self.store, self.lock = store or Store(), Lock()
        self.events = list[AnyEvent]()
        self.read_with = list[tuple[list[str], Mapping[str, str]]]()
        self.fault: Exception | None = None
        self.meanwhile: Callable[[], object] = lambda: None
        self.sets = DataSets({}, self._nothing, self._nothing, read=self.store.get)
        shelf = Shelf(self.store.open, self.lock)
        importing = Importing(self._read, File, shelf, self.sets, self._take)
        unused: Any = None
        self.host = WorkerHost(unused, unused, self.sets, self._take, importing)
        self._news = asyncio.Event()
        self._ids = 0

    async def _nothing(self, _given: Any) -> bytes:
        raise AssertionError

    async def _read(self, files: Sequence[InputFile], choices: Mapping[str, str], progress: Progress) -> Reading:
        self.read_with.append(([file.name for file in files], choices))
        await progress("Reading", 0, 2)
        self.meanwhile()
        await progress("Reading", 2, 2)
        if self.fault is not None:
            raise self.fault
        value = choices.get("polarity", "light")
        guess = Guess("polarity", "Colours", value, {"light": "Light on dark", "dark": "Dark on light"})
        return Reading("shapes", LABELS, SAMPLES, (guess,), ("All is well.",), "content")

    def _take(self, event: AnyEvent) -> None:
        self.events.append(decode_event(*encode(event)))
        self._news.set()

    def send(self, kind: type[Any], **fields: Any) -> int:
        self._ids += 1
        self.host.receive(decode_command(*encode(kind(id=self._ids, **fields))))
        return self._ids

    async def answer_to(self, number: int) -> AnyEvent:
        async with asyncio.timeout(30):
            while True:
                for event in self.events:
                    if event.reply_to == number and not isinstance(event, DataProgress):
                        return event
                self._news.clear()
                await self._news.wait()

    async def ask(self, kind: type[Any], **fields: Any) -> AnyEvent:
        return await self.answer_to(self.send(kind, **fields))

    async def read(self, **choices: str) -> AnyEvent:
        return await self.ask(ReadData, files=[Handle("one"), Handle("two")], names=["a.csv", "b.csv"], choices=choices)

    async def use(self, name: str = "Shapes", labels: Sequence[str] = ()) -> AnyEvent:
        return await self.ask(UseData, set_id=ID, name=name, labels=list(labels))


def run(work: Awaitable[None]) -> None:
    async def whole() -> None:
        await work

    asyncio.run(whole())


def test_files_are_read_shown_and_stored() -> None:
    async def work(bench: Bench) -> None:
        found = await bench.read()
        assert isinstance(found, DataRead)
        assert (found.name, tuple(found.labels), found.notes) == ("shapes", LABELS, ["All is well."])
        assert {name: sum(row) for name, row in found.counts.items()} == SIZES
        assert found.shown == [SHOWN] * 3
        first = np.frombuffer(found.images, np.uint8).reshape(-1, 28, 28)[SHOWN]
        assert (first == SAMPLES["train"].images[1]).all()  # the first square
        assert bench.store.kept == {}
        kept = await bench.use("  My\nshapes ")
        assert isinstance(kept, DataKept)
        assert kept.reason == ""
        head = load_head(kept.head)
        assert (head.id, head.name, head.labels, head.origin) == (ID, "My shapes", LABELS, "a.csv and 1 other file")
        assert list(bench.store.kept) == [
            *(keys.set_block(ID, *block) for block in (("train", 0), ("train", 1), ("validation", 0), ("test", 0))),
            keys.set_head(ID),  # the last: what has none is half of a set
        ]
        data = await bench.sets.open(ID)
        assert ((await data.split("train")).images == SAMPLES["train"].images).all()
        assert await bench.use() == Failed(id=0, reply_to=3, kind="data", message=NOTHING_READ)  # it is free again

    run(work(Bench()))


def test_a_guess_is_read_again_with_the_visitors_choice() -> None:
    async def work(bench: Bench) -> None:
        first, second = await bench.read(), await bench.read(polarity="dark")
        assert isinstance(first, DataRead)
        assert isinstance(second, DataRead)
        assert [found.guesses[0]["value"] for found in (first, second)] == ["light", "dark"]
        assert bench.read_with == [(["a.csv", "b.csv"], {}), (["a.csv", "b.csv"], {"polarity": "dark"})]

    run(work(Bench()))


def test_the_page_hears_how_far_it_is() -> None:
    async def work(bench: Bench) -> None:
        await bench.read()
        told = [event for event in bench.events if isinstance(event, DataProgress)]
        assert [(event.what, event.done, event.total) for event in told][:2] == [
            ("Opening the files", 0, 0),
            ("Reading", 0, 2),
        ]
        assert all(event.reply_to == 1 for event in told)

    run(work(Bench()))


def test_reading_can_be_stopped_and_begun_again_meanwhile() -> None:
    async def work(bench: Bench) -> None:
        def drop() -> None:
            bench.meanwhile = lambda: None
            bench.send(DropData)

        bench.meanwhile = drop
        assert await bench.read() == Failed(reply_to=1, kind="data", message=STOPPED)
        assert Accepted(reply_to=2) in bench.events
        assert await bench.use() == Failed(reply_to=3, kind="data", message=NOTHING_READ)

        numbers = list[int]()

        def again() -> None:
            bench.meanwhile = lambda: None
            numbers.append(bench.send(ReadData, files=[], names=[]))

        bench.meanwhile = again
        assert await bench.read() == Failed(reply_to=4, kind="data", message=STOPPED)
        assert isinstance(await bench.answer_to(numbers[0]), DataRead)

    run(work(Bench()))


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (DataError("This is no data."), "This is no data."),
        (OSError("The browser cannot read this file."), "The browser cannot read this file."),
        (MemoryError(), "more memory than this tab has"),
        (ValueError("x" * 500), "An error stopped this (ValueError: xxx"),
    ],
)
def test_what_fails_is_one_sentence(fault: Exception, said: str) -> None:
    async def work(bench: Bench) -> None:
        bench.fault = fault
        found = await bench.read()
        assert isinstance(found, Failed)
        assert (found.kind, said in found.message, len(found.message) <= 170) == ("data", True, True)
        bench.fault = None
        assert isinstance(await bench.read(), DataRead)

    run(work(Bench()))


@pytest.mark.parametrize("room", [0, 1, 3, 4])
def test_a_set_that_does_not_fit_stays_in_memory_and_leaves_nothing(room: int) -> None:
    async def work(bench: Bench) -> None:
        await bench.read()
        kept = await bench.use()
        assert isinstance(kept, DataKept)
        assert kept.reason == f"{FULL} The data set stays here until this tab closes."
        assert bench.store.kept == {}
        assert bench.lock.given_back == 1
        data = await bench.sets.open(ID)
        assert (await data.split("test")).images is SAMPLES["test"].images
        assert await bench.ask(DropData, set_id=ID) == Accepted(reply_to=3)
        with pytest.raises(DataError, match="no longer stored"):
            await bench.sets.open(ID)

    run(work(Bench(Store(room))))


def test_storing_a_set_again_does_not_lose_it_when_storage_is_full() -> None:
    async def work(bench: Bench) -> None:
        await bench.read()
        await bench.use()
        before = dict(bench.store.kept)
        bench.store.room = 2
        await bench.read()
        await bench.use("Other")
        assert bench.store.kept == before
        bench.store.room = 9
        await bench.read()
        await bench.use("Other")
        assert ID not in bench.sets.held
        assert load_head(bench.store.kept[keys.set_head(ID)]).name == "Other"

    run(work(Bench()))


def test_two_tabs_do_not_store_at_a_time() -> None:
    async def work(bench: Bench) -> None:
        await bench.read()
        bench.lock.is_free = False
        assert await bench.use() == Failed(reply_to=2, kind="data", message=BUSY)
        assert bench.lock.given_back == 0
        bench.lock.is_free = True
        assert isinstance(await bench.use(), DataKept)  # what was read is still there

    run(work(Bench()))


def test_a_set_must_have_a_name() -> None:
    async def work(bench: Bench) -> None:
        await bench.read()
        refused = await bench.use(" \u202e ")
        assert isinstance(refused, Failed)
        assert "name" in refused.message
        assert isinstance(await bench.use(), DataKept)

    run(work(Bench()))


def test_classes_can_have_other_names_than_in_the_files() -> None:
    async def work(bench: Bench) -> None:
        await bench.read()
        for labels, said in (
            (["one", "two"], "3 classes, but 2 names"),
            (["one", "two", "two"], "Two classes are called"),
            (["one", "two", " "], "name that one can see"),
        ):
            refused = await bench.use(labels=labels)
            assert isinstance(refused, Failed)
            assert said in refused.message
        kept = await bench.use(labels=["one ", "two", "three"])
        assert isinstance(kept, DataKept)
        head = load_head(kept.head)
        assert head.labels == ("one", "two", "three")
        await bench.read()
        again = await bench.use()
        assert isinstance(again, DataKept)
        other = load_head(again.head)
        assert (other.labels, other.hashes) == (LABELS, head.hashes)
        assert other.id == ID != head.id  # networks that learned the other names keep their data set
        assert (await bench.sets.open(head.id)).alphabet == head.labels

    run(work(Bench()))


def test_halves_of_sets_are_deleted_unless_another_tab_stores() -> None:
    other, whole = "set-00000000000000bb", "set-00000000000000cc"
    half = [keys.set_block(ID, "train", 0), keys.set_block(ID, "train", 1)]
    stay = [keys.set_drawings(other), keys.set_head(whole), keys.set_block(whole, "test", 12), keys.RUNS]
    assert halves([*half, *stay]) == half

    async def work(store: Store) -> None:
        store.kept = dict.fromkeys([*half, *stay], b"1")
        lock = Lock()
        lock.is_free = False
        await Shelf(store.open, lock).drop_halves()
        assert list(store.kept) == [*half, *stay]
        lock.is_free = True
        await Shelf(store.open, lock).drop_halves()
        assert list(store.kept) == stay
        assert lock.given_back == 1

    run(work(Store()))


def test_where_a_set_comes_from_is_one_line() -> None:
    assert origin_of([]) == ""
    assert origin_of(["a/b.csv"]) == "a/b.csv"
    assert origin_of(["a", "b"]) == "a and 1 other file"
    assert origin_of(["a\nb", *"cd"]) == "a b and 2 other files"
    assert len(origin_of(["x" * 900, "y"])) == 300


def test_a_worker_without_a_reader_says_so() -> None:
    events = list[AnyEvent]()
    unused: Any = None
    host = WorkerHost(unused, unused, DataSets({}, unused, unused), events.append)
    host.receive(DropData(id=7))
    assert isinstance(events[0], Failed)
    assert events[0].reply_to == 7
