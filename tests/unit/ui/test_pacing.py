"""Sections take turns: one at a time, with a rest after slow work, and waiting for the network is no work."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from tabgrad.ui.inspect.pacing import REST, SLOW_MS, Turns, waiting


class Clock:
    """A clock that moves only when somebody works or sleeps; `slept_s` are the rests."""

    def __init__(self) -> None:
        self.now_ms = 0.0
        self.slept_s = list[float]()

    def work(self, time_ms: float) -> None:
        self.now_ms += time_ms

    async def sleep(self, time_s: float) -> None:
        self.slept_s.append(time_s)
        self.now_ms += time_s * 1e3

    def turns(self) -> Turns:
        return Turns(self._frame, lambda: self.now_ms, self.sleep)

    async def _frame(self) -> None:
        await asyncio.sleep(0)


def run(test: Callable[[], Awaitable[Any]]) -> None:
    async def within_a_minute() -> None:
        await asyncio.wait_for(test(), 60)  # a deadlock must not hang

    asyncio.run(within_a_minute())


def test_a_section_that_waits_holds_up_no_other() -> None:
    async def test() -> None:
        turns, events, arrived = Clock().turns(), list[str](), asyncio.Event()

        async def waits() -> None:
            async with turns.turn():
                events.append("asks")
                await waiting(arrived.wait())
                events.append("has it")

        async def works(name: str) -> None:
            async with turns.turn():
                events.append(name)
                await asyncio.sleep(0)
                events.append(f"{name} done")

        first = asyncio.ensure_future(waits())
        await asyncio.gather(works("b"), works("c"))
        assert events == ["asks", "b", "b done", "c", "c done"]
        arrived.set()
        await first
        assert events[-1] == "has it"

    run(test)


def test_waiting_is_not_work() -> None:
    async def test() -> None:
        clock = Clock()
        turns = clock.turns()

        async def download() -> None:
            clock.work(3_000)

        async with turns.turn():
            clock.work(SLOW_MS)
            await waiting(download())
            clock.work(SLOW_MS)
        async with turns.turn():
            pass
        assert clock.slept_s == []

    run(test)


def test_after_slow_work_there_is_a_rest_three_times_as_long() -> None:
    async def test() -> None:
        clock = Clock()
        turns = clock.turns()
        async with turns.turn():
            clock.work(40)
        async with turns.turn():
            assert clock.slept_s == pytest.approx([REST * 0.04])
        async with turns.turn():
            clock.work(40)
        clock.work(200)  # the rest is over before anybody asks
        async with turns.turn():
            pass
        assert len(clock.slept_s) == 1

    run(test)


def test_a_task_that_a_section_has_started_does_not_give_its_turn_away() -> None:
    async def test() -> None:
        turns, events = Clock().turns(), list[str]()

        async def other() -> None:
            async with turns.turn():
                events.append("other")

        async def started() -> None:
            await waiting(asyncio.sleep(0))

        waiter = None
        async with turns.turn():
            waiter = asyncio.ensure_future(other())
            await asyncio.ensure_future(started())
            for _ in range(5):
                await asyncio.sleep(0)
            events.append("first")
        await waiter
        assert events == ["first", "other"]

    run(test)


def test_what_fails_or_is_cancelled_leaves_the_turn_to_the_others() -> None:
    async def test() -> None:
        turns, gone = Clock().turns(), asyncio.Event()

        async def fails() -> None:
            async with turns.turn():
                raise OSError("the network is down")

        async def waits() -> None:
            async with turns.turn():
                await waiting(gone.wait())

        with pytest.raises(OSError, match="the network is down"):
            await fails()
        waiter = asyncio.ensure_future(waits())
        await asyncio.sleep(0.01)
        waiter.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiter
        async with turns.turn():
            pass

    run(test)
