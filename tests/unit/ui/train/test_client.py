"""The page's side of the protocol: a worker that hangs or dies is replaced, and the run goes on from its checkpoint."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import pytest

from tabgrad.network import save_safetensors
from tabgrad.protocol import (
    Accepted,
    AnyEvent,
    Busy,
    Checkpoint,
    Command,
    DataProgress,
    Dispose,
    DropData,
    Evaluate,
    Evaluated,
    Failed,
    Finished,
    Metrics,
    Notice,
    Pause,
    Ping,
    Prepare,
    Ready,
    Resume,
    SaveCheckpoint,
    Start,
    Stop,
    Tune,
    decode_command,
    encode,
)
from tabgrad.settings import RunSettings
from tabgrad.ui.train import client as train_client
from tabgrad.ui.train.client import MAX_RESTARTS, TrainClient

SETTINGS = RunSettings().to_json()
FINISHED = Finished(
    reason="completed",
    step=1,
    epoch=1,
    validation_accuracy=1,
    test_accuracy=1,
    interval=[1, 1],
    tested=10_000,
    seconds=1,
    settings=SETTINGS,
)
CHECKPOINT = save_safetensors({}, {"format": "tabgrad-checkpoint"})


Receive = Callable[[str, list[bytes]], None]
Answer = Callable[[Command], AnyEvent | None]


class FakeWorker:
    """Answers as `answer` says; None is silence."""

    def __init__(
        self, receive: Callable[[str, list[bytes]], None], answer: Callable[[Command], AnyEvent | None]
    ) -> None:
        self._receive, self._answer = receive, answer
        self.commands: list[Command] = []
        self.up = self.ended = False

    async def start(self, first: str) -> None:
        await asyncio.sleep(0.01)
        self.up = True

    def send(self, text: str, blobs: Sequence[bytes] = ()) -> None:
        assert self.up
        command = decode_command(text, blobs)
        self.commands.append(command)
        event = self._answer(command)
        if event is not None:
            asyncio.get_running_loop().call_soon(self.say, event)

    def answer_nothing(self) -> None:
        """From here on."""
        self._answer = lambda _command: None

    def say(self, event: AnyEvent) -> None:
        if not self.ended:
            self._receive(*encode(event))

    def terminate(self) -> None:
        self.ended = True


def obliging(command: Command) -> AnyEvent:
    if isinstance(command, Start):
        return Ready(reply_to=command.id, engine="wasm", description="")
    return Accepted(reply_to=command.id)


class Page:
    """A client with workers made of `answers`, one for each worker in turn; the last one serves for all others."""

    def __init__(self, *answers: Answer) -> None:
        self.answers = list(answers) or [obliging]
        self.workers: list[FakeWorker] = []
        self.events: list[AnyEvent] = []
        self.client = TrainClient(self._make, "", self.events.append)

    def _make(self, receive: Receive) -> FakeWorker:
        answer = self.answers[min(len(self.workers), len(self.answers) - 1)]
        self.workers.append(FakeWorker(receive, answer))
        return self.workers[-1]

    def of(self, kind: type[Any]) -> list[Any]:
        return [event for event in self.events if isinstance(event, kind)]

    async def until(self, happened: Callable[[], object]) -> None:
        async with asyncio.timeout(60):  # a busy machine's watchdog takes each late look for a sleep
            while not happened():
                await asyncio.sleep(0.005)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Seconds become hundredths; what is tested is the order of things."""
    monkeypatch.setattr(train_client, "ANSWER_WITHIN_S", 0.06)
    monkeypatch.setattr(train_client, "PING_EVERY_S", 0.02)
    monkeypatch.setattr(train_client, "QUIET_S", 0.01)


def on_page(page: Page, test: Callable[[Page], Awaitable[None]]) -> None:
    async def go() -> None:
        await test(page)  # the watchdog ends with the loop

    asyncio.run(go())


def silent_after_start(command: Command) -> AnyEvent | None:
    return obliging(command) if isinstance(command, Start) else None


def test_who_asks_hears_how_far_it_is() -> None:
    async def go() -> None:
        page, told = Page(lambda _command: None), list[DataProgress]()
        await page.client.ensure()
        asked = asyncio.ensure_future(page.client.ask(DropData(), told.append))
        await asyncio.sleep(0)
        for number in (1, 7):
            page.workers[0].say(DataProgress(reply_to=number, what="Reading", done=number, total=9))
        assert not asked.done()
        page.workers[0].say(Accepted(reply_to=1))
        assert await asked == Accepted(reply_to=1)
        page.workers[0].say(DataProgress(reply_to=1, what="Reading", done=9, total=9))
        assert [event.done for event in told] == [1]
        assert page.events == [Accepted(reply_to=1)]

    asyncio.run(go())


def test_a_refused_command_fails_no_run_that_has_just_ended() -> None:
    """The tab is hidden while the result is on its way: a checkpoint is asked for, and there is no run any more."""

    def over(command: Command) -> AnyEvent:
        if isinstance(command, SaveCheckpoint):
            return Failed(reply_to=command.id, kind="input", message="There is no run under way: press Train.")
        return obliging(command)

    async def go(page: Page) -> None:
        await page.client.ensure()
        await page.client.ask(Start(settings=SETTINGS))
        page.workers[0].say(FINISHED)
        assert isinstance(await page.client.ask(SaveCheckpoint()), Failed)
        assert page.of(Failed) == []
        assert page.of(Finished) == [FINISHED]

    on_page(Page(over), go)


def test_commands_are_numbered_and_answered() -> None:
    async def go(page: Page) -> None:
        await page.client.ensure()
        assert isinstance(await page.client.ask(Start(settings=SETTINGS)), Ready)
        assert isinstance(await page.client.ask(Pause()), Accepted)
        assert [command.id for command in page.workers[0].commands] == [1, 2]
        assert page.client.running

    on_page(Page(), go)


def test_a_message_that_cannot_be_understood_ends_the_run_in_one_sentence() -> None:
    async def go(page: Page) -> None:
        await page.client.ensure()
        await page.client.ask(Start(settings=SETTINGS))
        asking = asyncio.ensure_future(page.client.ask(Pause()))
        await page.until(lambda: len(page.workers[0].commands) > 1)
        page.workers[0]._receive("[" * 5000, [])
        answer = await asking  # nobody waits for ever
        assert isinstance(answer, Failed)
        assert [failed.message for failed in page.of(Failed)] == ["This event is not JSON."]
        assert page.workers[0].ended
        assert not page.client.running

    on_page(Page(lambda command: None if isinstance(command, Pause) else obliging(command)), go)


def test_concurrent_calls_wait_for_the_same_worker() -> None:
    async def go(page: Page) -> None:
        async def need() -> AnyEvent:
            await page.client.ensure()
            return await page.client.ask(Pause())

        answers = await asyncio.gather(need(), need())
        assert all(isinstance(answer, Accepted) for answer in answers)
        assert len(page.workers) == 1

    on_page(Page(), go)


def test_a_worker_that_hangs_is_replaced_and_the_run_goes_on_from_its_checkpoint() -> None:
    async def go(page: Page) -> None:
        await page.client.ensure()
        await page.client.ask(Start(settings=SETTINGS))
        page.workers[0].say(
            Checkpoint(step=3, epoch=1, end_of_epoch=False, validation_accuracy=0.5, checkpoint=CHECKPOINT)
        )
        await page.until(lambda: len(page.workers) == 2)
        assert page.workers[0].ended
        assert any(isinstance(command, Ping) for command in page.workers[0].commands)
        await page.until(lambda: page.of(Notice))
        again = page.workers[1].commands[0]
        assert isinstance(again, Start)
        assert again.checkpoint == CHECKPOINT
        assert not again.start_paused

    on_page(Page(silent_after_start, obliging), go)


def test_a_command_of_the_console_may_take_as_long_as_it_likes_until_the_visitor_stops_it() -> None:
    async def go(page: Page) -> None:
        await page.client.ensure()
        await page.client.ask(Start(settings=SETTINGS))
        page.workers[0].say(
            Checkpoint(step=3, epoch=1, end_of_epoch=False, validation_accuracy=0.5, checkpoint=CHECKPOINT)
        )
        command = asyncio.ensure_future(page.client.ask(Evaluate(code="while True: pass")))
        await asyncio.sleep(5 * train_client.ANSWER_WITHIN_S)
        assert len(page.workers) == 1
        await page.client.replace_worker()
        assert isinstance(await command, Failed)
        again = page.workers[1].commands[0]
        assert isinstance(again, Start)
        assert again.checkpoint == CHECKPOINT
        assert page.of(Failed) == []

    on_page(Page(silent_after_start, obliging), go)


def test_a_worker_that_falls_silent_after_a_command_of_the_console_is_replaced() -> None:
    def answers_commands(command: Command) -> AnyEvent | None:
        return (
            Evaluated(reply_to=command.id, items=[]) if isinstance(command, Evaluate) else silent_after_start(command)
        )

    async def go(page: Page) -> None:
        await page.client.ensure()
        await page.client.ask(Start(settings=SETTINGS))
        await page.client.ask(Evaluate(code="1"))
        await page.until(lambda: len(page.workers) == 2)

    on_page(Page(answers_commands, obliging), go)


def test_a_paused_run_comes_back_paused() -> None:
    async def go(page: Page) -> None:
        await page.client.ensure()
        await page.client.ask(Start(settings=SETTINGS))
        await page.client.ask(Resume())
        await page.client.ask(Pause())
        await page.client.restart()
        again = page.workers[1].commands[0]
        assert isinstance(again, Start)
        assert again.start_paused

    on_page(Page(), go)


def test_an_idle_or_busy_worker_is_left_alone() -> None:
    async def go(page: Page) -> None:
        await page.client.ensure()
        await page.client.ask(Pause())
        page.workers[0].say(Accepted())
        await asyncio.sleep(0.2)  # no run, nobody waits: no reason to ask whether it lives
        assert not any(isinstance(command, Ping) for command in page.workers[0].commands)
        await page.client.ask(Start(settings=SETTINGS))
        page.workers[0].say(Busy(what="compiling", seconds=60))
        await asyncio.sleep(0.3)
        assert len(page.workers) == 1

    on_page(Page(lambda command: None if isinstance(command, Ping) else obliging(command)), go)


def test_a_worker_that_announces_each_long_step_is_left_alone_and_one_that_falls_silent_is_not() -> None:
    async def go(page: Page) -> None:
        await page.client.ensure()
        await page.client.ask(Start(settings=SETTINGS))
        worker = page.workers[0]
        for _ in range(4):  # each step takes twice the patience, and nothing is answered meanwhile
            worker.say(Busy(what="", seconds=60))
            await asyncio.sleep(2 * train_client.ANSWER_WITHIN_S)
            worker.say(Metrics(step=[1], loss=[1.0], accuracy=[0.5]))
        assert len(page.workers) == 1
        await page.until(lambda: len(page.workers) == 2)  # the last step was done, the next was not announced

    on_page(Page(silent_after_start, obliging), go)


def test_a_command_that_waits_for_a_lost_worker_fails() -> None:
    async def go(page: Page) -> None:
        await page.client.ensure()
        await page.client.ask(Start(settings=SETTINGS))
        answer = await asyncio.wait_for(page.client.ask(Tune(values={"lr": 1.0})), 60)
        assert isinstance(answer, Failed)

    on_page(Page(silent_after_start, obliging), go)


def test_a_worker_that_keeps_failing_is_given_up() -> None:
    async def go(page: Page) -> None:
        await page.client.ensure()
        await page.client.ask(Start(settings=SETTINGS))
        await page.until(lambda: page.of(Failed))
        assert len(page.workers) == MAX_RESTARTS + 1
        assert not page.client.running

    on_page(Page(silent_after_start), go)


def test_a_worker_that_cannot_start_says_so_and_can_be_tried_again() -> None:
    async def go(page: Page) -> None:
        await page.client.ensure()
        answer = await page.client.ask(Start(settings=SETTINGS))
        assert isinstance(answer, Failed)
        assert not page.client.running
        await page.client.ensure()
        assert isinstance(await page.client.ask(Start(settings=SETTINGS)), Ready)

    on_page(Page(lambda command: Failed(kind="start", message="The network is down."), obliging), go)


def test_a_finished_or_failed_run_is_not_started_again() -> None:
    async def go(page: Page) -> None:
        for end in (FINISHED, Failed(kind="diverged", message="Too fast.")):
            await page.client.ensure()
            await page.client.ask(Start(settings=SETTINGS))
            page.workers[-1].say(Failed(kind="input", message="A command was refused."))
            assert page.client.running
            page.workers[-1].say(end)
            assert not page.client.running
            await page.client.restart()
            assert page.workers[-1].commands == []

    on_page(Page(), go)


def test_an_exported_checkpoint_is_the_point_to_go_on_from() -> None:
    async def go(page: Page) -> None:
        await page.client.ensure()
        await page.client.ask(Start(settings=SETTINGS))
        for saved in (b"an earlier one", CHECKPOINT):
            page.workers[0].say(
                Checkpoint(step=3, epoch=1, end_of_epoch=False, validation_accuracy=0.5, checkpoint=saved)
            )
        await page.client.restart()
        again = page.workers[1].commands[0]
        assert isinstance(again, Start)
        assert again.checkpoint == CHECKPOINT

    on_page(Page(), go)


async def crashed(page: Page) -> asyncio.Task[None]:
    """A run whose worker is being replaced."""
    await page.client.ensure()
    await page.client.ask(Start(settings=SETTINGS))
    restart = asyncio.ensure_future(page.client.restart())
    await page.until(lambda: len(page.workers) == 2)
    assert not page.workers[1].up
    return restart


def test_a_run_that_is_disposed_of_while_its_worker_is_replaced_stays_away() -> None:
    async def go(page: Page) -> None:
        restart = await crashed(page)
        assert page.client.started
        assert isinstance(await page.client.ask(Dispose()), Accepted)
        await restart
        assert page.workers[1].commands == []
        assert page.of(Notice) == []
        assert not page.client.running
        await page.client.ask(Start(settings=SETTINGS))
        assert [type(command) for command in page.workers[1].commands] == [Start]

    on_page(Page(), go)


def test_commands_that_are_given_while_a_worker_is_replaced_count() -> None:
    async def go(page: Page) -> None:
        restart = await crashed(page)
        saving = asyncio.ensure_future(page.client.ask(SaveCheckpoint()))
        for command in (Resume(), Pause(), Stop()):
            assert isinstance(await page.client.ask(command), Accepted)
        await restart
        assert isinstance(await saving, Accepted)
        again = page.workers[1].commands
        assert [type(command) for command in again] == [Start, Stop, SaveCheckpoint]
        assert isinstance(again[0], Start)
        assert again[0].start_paused

    on_page(Page(), go)


def test_an_unexpected_fault_of_the_browser_ends_no_watch() -> None:
    class Broken(FakeWorker):
        async def start(self, first: str) -> None:
            raise ValueError("x" * 999)  # a JsException is no RuntimeError either

    async def go(page: Page) -> None:
        await page.client.ensure()
        await page.client.ask(Start(settings=SETTINGS))
        make, page.client._make = page.client._make, lambda receive: Broken(receive, obliging)
        await page.until(lambda: page.of(Failed))
        assert not page.client.running
        assert len(page.of(Failed)[-1].message) < 200
        page.client._make = make
        await page.client.ensure()
        await page.client.ask(Start(settings=SETTINGS))
        await page.until(lambda: len(page.workers) == 3)  # this one hangs, too, and that is noticed

    on_page(Page(silent_after_start), go)


def test_who_takes_the_events_and_fails_ends_no_watch() -> None:
    async def go(page: Page) -> None:
        def take(event: AnyEvent) -> None:
            page.events.append(event)
            if isinstance(event, Notice):
                raise KeyError("zzz")

        page.client._on_event = take
        await page.client.ensure()
        await page.client.ask(Start(settings=SETTINGS))
        await page.until(lambda: len(page.workers) == 3)
        assert [failed.message for failed in page.of(Failed) if not failed.reply_to] == [
            "Something went wrong in the page (KeyError: 'zzz'). Your runs are kept."
        ]

    on_page(Page(silent_after_start), go)


def test_a_worker_whose_python_has_ended_is_replaced_at_once_however_busy_it_was() -> None:
    async def go() -> None:
        page = Page()
        await page.client.ensure()
        await page.client.ask(Start(settings={}))
        first = page.workers[0]
        first.answer_nothing()
        asked = asyncio.ensure_future(page.client.ask(Prepare(settings={})))
        await asyncio.sleep(0)
        first.say(Busy(what="Python runs your code", seconds=600))
        first.say(Failed(kind="ended", message="Python has ended in the worker."))
        answer = await asked
        assert isinstance(answer, Failed)
        async with asyncio.timeout(5):
            while not page.of(Notice):
                await asyncio.sleep(0.01)
        assert first.ended
        assert [type(command) for command in page.workers[1].commands] == [Start]

    asyncio.run(go())


def test_a_worker_that_is_being_replaced_is_not_replaced_again() -> None:
    async def go(page: Page) -> None:
        await page.client.ensure()
        await page.client.ask(Start(settings=SETTINGS))
        await asyncio.gather(page.client.replace_worker(), page.client.replace_worker())
        assert len(page.workers) == 2
        assert sum(isinstance(command, Start) for command in page.workers[1].commands) == 1

    on_page(Page(), go)


def test_a_worker_that_stays_silent_with_an_augmentation_is_said_to_loop_in_it() -> None:
    source = "class Net: ...\ndef augment(images, rng):\n    while True: pass\n"

    async def go(page: Page) -> None:
        await page.client.ensure()
        await page.client.ask(Start(settings={**SETTINGS, "model": "code", "source": source}))
        page.workers[0].say(
            Checkpoint(step=3, epoch=1, end_of_epoch=False, validation_accuracy=0.5, checkpoint=CHECKPOINT)
        )
        await page.until(lambda: page.of(Failed))
        assert [event.message for event in page.of(Failed)] == [train_client.OF_AUGMENT]
        assert all(event.message.startswith(train_client.OF_AUGMENT) for event in page.of(Notice))
        again = page.workers[-1].commands[0]
        assert isinstance(again, Start)
        assert again.checkpoint == CHECKPOINT
        assert not page.client.running

    on_page(Page(silent_after_start), go)
