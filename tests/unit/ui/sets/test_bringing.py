"""An import on the page: what is asked of the worker, what is said, and that a late answer changes nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from tabgrad.data.sets import SetHead
from tabgrad.protocol import (
    Accepted,
    AnyEvent,
    Command,
    DataKept,
    DataProgress,
    DataRead,
    DropData,
    Failed,
    Handle,
    ReadData,
    UseData,
)
from tabgrad.storage import KeptStore, keys
from tabgrad.ui.sets.bringing import CRASHED, NO_FILES, NO_WORKER, STOPPED, Bringing, summary
from tabgrad.ui.sets.known import KnownSets
from tests.unit.data.test_sets import ID, IMAGES
from tests.unit.ui.train.train_stores import FakeStorage

FILES = [(Handle("one"), "a.csv"), (Handle("two"), "b.csv")]
GUESS = {"name": "polarity", "title": "Colours", "value": "light", "options": {"light": "Light", "dark": "Dark"}}


def found(**changes: Any) -> DataRead:
    values: dict[str, Any] = {
        "set_id": ID,
        "name": "shapes",
        "labels": ["circle", "star"],
        "counts": {"train": [2, 3], "validation": [1, 1], "test": [0, 1]},
        "guesses": [GUESS],
        "notes": [],
        "shown": [1, 1],
        "images": bytes(2 * 784),
    }
    return DataRead(**values | changes)


class Worker:
    """Answers what `answers` has for a kind of command; None is an answer that does not come before `say`."""

    started = True

    def __init__(self) -> None:
        self.answers: dict[type, AnyEvent | None] = {
            ReadData: found(),
            UseData: DataKept(head=IMAGES.dumps()),
            DropData: Accepted(),
        }
        self.asked = list[Command]()
        self.waiting = list[tuple[asyncio.Future[AnyEvent], Callable[[DataProgress], object] | None]]()
        self.fault = ""

    async def ensure(self) -> None:
        if self.fault:
            raise RuntimeError(self.fault)

    async def ask(self, command: Command, tell: Callable[[DataProgress], object] | None = None) -> AnyEvent:
        self.asked.append(command)
        answer = self.answers[type(command)]
        if answer is not None:
            return answer
        self.waiting.append((asyncio.get_running_loop().create_future(), tell))
        return await self.waiting[-1][0]

    async def replace_worker(self) -> None:
        raise AssertionError


class Page:
    def __init__(self) -> None:
        self.worker, self.storage, self.used = Worker(), FakeStorage(), list[SetHead]()
        self.known = KnownSets(KeptStore(self.storage.open), {})
        self.changes = 0
        self.bringing = Bringing(lambda: self.worker, self.known, self._changed, self._use)

    def _changed(self) -> None:
        self.changes += 1

    async def _use(self, head: SetHead) -> None:
        assert head.id in self.known.heads  # what is trained on is in the form by then
        self.used.append(head)


def test_files_are_read_switched_and_used() -> None:
    async def go() -> None:
        page = Page()
        bringing = page.bringing
        await bringing.read(FILES)
        assert (bringing.stage, bringing.is_usable, bringing.found) == ("read", True, found())
        await bringing.choose("polarity", "dark")
        read = [command for command in page.worker.asked if isinstance(command, ReadData)]
        assert [command.choices for command in read] == [{}, {"polarity": "dark"}]
        assert all(command.files == ["one", "two"] and command.names == ["a.csv", "b.csv"] for command in read)
        page.storage[keys.set_head(ID)] = IMAGES.dumps()  # as the worker does
        await bringing.use("Shapes")
        assert page.worker.asked[-1] == UseData(set_id=ID, name="Shapes")
        assert page.used == [IMAGES]
        assert (bringing.stage, bringing.found, bringing.is_error) == ("idle", None, False)
        assert bringing.sentence == "“Shapes” is stored in this browser."

    asyncio.run(go())


def test_names_of_classes_survive_a_switch_and_go_with_the_set() -> None:
    async def go() -> None:
        page = Page()
        bringing = page.bringing
        assert not bringing.paste_names(0, "a,b")
        await bringing.read(FILES)
        bringing.call("star", "circle")
        assert list(bringing.name_faults) == ["star"]
        await bringing.use("Shapes")
        assert (bringing.stage, bringing.is_error) == ("read", True)
        assert bringing.sentence == bringing.name_faults["star"]
        assert bringing.paste_names(0, "round\tpointed")
        await bringing.choose("polarity", "dark")
        assert bringing.paste_names(1, "a,b")
        assert "nothing was changed" in bringing.name_faults["star"]
        page.storage[keys.set_head(ID)] = IMAGES.dumps()
        await bringing.use("Shapes")
        assert page.worker.asked[-1] == UseData(set_id=ID, name="Shapes", labels=["round", "pointed"])
        await bringing.read(FILES)
        assert bringing.names.text("star") == "star"  # of other files

    asyncio.run(go())


def test_a_set_that_storage_refuses_is_used_all_the_same() -> None:
    async def go() -> None:
        page = Page()
        page.worker.answers[UseData] = DataKept(head=IMAGES.dumps(), reason="Storage is full.")
        await page.bringing.read(FILES)
        await page.bringing.use("Shapes")
        assert (page.bringing.sentence, page.bringing.is_error) == ("Storage is full.", True)
        assert page.used == [IMAGES]
        assert page.known.is_held(ID)

    asyncio.run(go())


def test_a_choice_that_cannot_be_read_can_be_taken_back() -> None:
    async def go() -> None:
        page = Page()
        bringing = page.bringing
        await bringing.read(FILES)
        page.worker.answers[ReadData] = Failed(kind="data", message="There is one class only.")
        await bringing.choose("polarity", "dark")
        assert (bringing.stage, bringing.is_usable, bringing.found) == ("read", False, found())
        assert (bringing.sentence, bringing.is_error) == ("There is one class only.", True)
        await bringing.use("Shapes")
        assert not any(isinstance(command, UseData) for command in page.worker.asked)
        page.worker.answers[ReadData] = found()
        await bringing.choose("polarity", "light")
        assert (bringing.is_usable, bringing.sentence) == (True, "")

    asyncio.run(go())


def test_an_answer_that_comes_too_late_changes_nothing() -> None:
    async def go() -> None:
        page = Page()
        bringing = page.bringing
        page.worker.answers[ReadData] = None
        first = asyncio.ensure_future(bringing.read(FILES))
        while not page.worker.waiting:
            await asyncio.sleep(0)
        answer, tell = page.worker.waiting[0]
        assert tell is not None
        tell(DataProgress(what="Reading", done=1, total=2))
        assert bringing.progress == DataProgress(what="Reading", done=1, total=2)
        await bringing.cancel()
        assert (bringing.stage, bringing.sentence, page.worker.asked[-1]) == ("idle", STOPPED, DropData())
        tell(DataProgress(what="Reading", done=2, total=2))
        assert bringing.progress is None
        answer.set_result(Failed(kind="data", message="Reading was stopped."))
        await first
        assert (bringing.stage, bringing.sentence, bringing.found) == ("idle", STOPPED, None)

    asyncio.run(go())


def test_what_goes_wrong_is_one_sentence() -> None:
    async def go() -> None:
        page = Page()
        bringing = page.bringing
        await bringing.read([])
        assert bringing.sentence == NO_FILES
        page.worker.answers[ReadData] = Failed(kind="data", message="This is a web page, not data.")
        await bringing.read(FILES)
        assert (bringing.stage, bringing.sentence) == ("idle", "This is a web page, not data.")
        page.worker.answers[ReadData] = Failed(kind="internal", message="Training has crashed.")
        await bringing.read(FILES)
        assert bringing.sentence == CRASHED
        page.worker.fault = "The training worker did not start: reload the page."
        await bringing.read(FILES)
        assert bringing.sentence == page.worker.fault
        alone = Bringing(lambda: None, page.known, lambda: None, lambda _head: asyncio.sleep(0))
        await alone.read(FILES)
        assert (alone.stage, alone.sentence) == ("idle", NO_WORKER)

    asyncio.run(go())


def test_a_set_that_was_not_kept_can_be_used_again() -> None:
    async def go() -> None:
        page = Page()
        await page.bringing.read(FILES)
        page.worker.answers[UseData] = Failed(kind="data", message="Another tab is storing a data set.")
        await page.bringing.use("Shapes")
        assert (page.bringing.stage, page.bringing.is_usable) == ("read", True)
        assert page.used == []
        await page.bringing.drop_held(ID)
        assert page.worker.asked[-1] == DropData(set_id=ID)

    asyncio.run(go())


def test_a_summary_counts_classes_and_splits() -> None:
    assert summary(found()) == "8 images in 2 classes: 5 to learn from, 2 for validation and 1 for the test."
