"""Questions about a source, asked of the worker: one at a time, the newest first, and none that anybody waits for."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from tabgrad.protocol import Accepted, AnyEvent, Assist, Assisted, Command, Failed
from tabgrad.ui.compiler import Assistance, Place
from tabgrad.ui.train import assisting
from tabgrad.ui.train.assisting import Assisting
from tests.unit.ui.train.test_client import Page

NOTHING = Assistance()


def place(source: str) -> Place:
    return Place(source, 1, len(source))


def knowing(command: Command) -> AnyEvent:
    if isinstance(command, Assist):
        return Assisted(reply_to=command.id, signature=command.source)
    return Accepted(reply_to=command.id)


def on_page(page: Page, test: Callable[[Assisting], Awaitable[None]]) -> None:
    async def go() -> None:
        await test(Assisting(page.client))

    asyncio.run(go())


def test_the_worker_is_started_by_prepare_alone() -> None:
    page = Page(knowing)

    async def go(help_: Assisting) -> None:
        assert await help_.ask(place("x"), hover=True) == NOTHING
        assert page.workers == []
        await help_.prepare()
        assert await help_.ask(place("x"), hover=True) == Assistance(signature="x")
        (worker,) = page.workers
        assert [command.source for command in worker.commands if isinstance(command, Assist)] == ["", "x"]

    on_page(page, go)


def test_of_questions_at_once_the_newest_is_asked() -> None:
    page = Page(knowing)

    async def go(help_: Assisting) -> None:
        await help_.prepare()
        found = await asyncio.gather(*(help_.ask(place(f"x{n}"), hover=False) for n in range(5)))
        assert [answer.signature for answer in found] == ["x0", "", "", "", "x4"]

    on_page(page, go)


def test_a_worker_that_is_busy_is_asked_no_more_until_it_has_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(assisting, "GIVE_UP_AFTER_S", 0.01)
    page = Page(lambda command: None if isinstance(command, Assist) else knowing(command))

    async def go(help_: Assisting) -> None:
        await help_.prepare()
        for _ in range(3):
            assert await help_.ask(place("x"), hover=False) == NOTHING
        worker = page.workers[-1]
        (asked,) = (command for command in worker.commands if isinstance(command, Assist))
        worker.say(Assisted(reply_to=asked.id))
        for _ in range(5):  # it goes from task to task
            await asyncio.sleep(0)
        worker._answer = knowing
        assert await help_.ask(place("x"), hover=False) == Assistance(signature="x")

    on_page(page, go)


def test_a_refusal_and_a_worker_that_ends_are_silent() -> None:
    failed = Page(lambda command: Failed(reply_to=command.id, kind="internal", message="Broken."))

    async def refused(help_: Assisting) -> None:
        await help_.prepare()
        assert await help_.ask(place("x"), hover=False) == NOTHING

    on_page(failed, refused)
    assert failed.events == []
    ended = Page(lambda command: None, knowing)

    async def go(help_: Assisting) -> None:
        await ended.client.ensure()
        asking = asyncio.ensure_future(help_.ask(place("x"), hover=False))
        await ended.until(lambda: ended.workers[0].commands)
        await ended.client.replace_worker()
        assert await asking == NOTHING
        assert await help_.ask(place("x"), hover=False) == Assistance(signature="x")

    on_page(ended, go)
