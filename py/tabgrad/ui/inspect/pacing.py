"""Turns: one section works at a time, and on a slow engine sections work at most a quarter of the time.

Waiting for the network is not work: a section that waits gives its turn away. Knows no document.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, TypeVar

T = TypeVar("T")
#: If a turn takes longer than this, the engine is slow. Milliseconds.
SLOW_MS = 12.0
#: After a slow turn, the next one begins this many times as long after it: answers to new ink come first.
REST = 3.0

#: Who has a turn now. Keyed by task, so that a task which a section has started does not pass for the section.
_holders: dict[asyncio.Task[Any] | None, Turns] = {}


class Turns:
    """Gives turns in the order in which they are asked for. `next_frame` waits for a frame: one turn in each.

    `now_ms` is a clock, and `sleep` waits for a time in seconds.
    """

    def __init__(
        self,
        next_frame: Callable[[], Awaitable[object]],
        now_ms: Callable[[], float],
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        self._next_frame, self._now_ms, self._sleep = next_frame, now_ms, sleep
        self._lock = asyncio.Lock()
        self._begin_ms = 0.0
        self._free_ms = 0.0  # when the next turn may begin

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Work inside this. `waiting` gives the turn away meanwhile."""
        await self._begin()
        try:
            yield
        finally:
            self._end()

    async def wait_outside(self, awaitable: Awaitable[T]) -> T:
        """The result of `awaitable`, while others have their turns."""
        self._end()
        try:
            return await awaitable
        finally:
            await self._begin()

    async def _begin(self) -> None:
        await self._lock.acquire()
        try:
            if (left_ms := self._free_ms - self._now_ms()) > 0:
                await self._sleep(left_ms / 1e3)
            await self._next_frame()
        except BaseException:
            self._lock.release()
            raise
        self._begin_ms = self._now_ms()
        _holders[asyncio.current_task()] = self

    def _end(self) -> None:
        if _holders.pop(asyncio.current_task(), None) is None:
            return  # it was cancelled while it waited for its turn
        end_ms = self._now_ms()
        spent_ms = end_ms - self._begin_ms
        self._free_ms = end_ms + REST * spent_ms if spent_ms > SLOW_MS else end_ms
        self._lock.release()


async def waiting(awaitable: Awaitable[T]) -> T:
    """The result of `awaitable`, which waits for the network or for storage. Others have their turns meanwhile.

    Hold no lock around it that others ask for in their turns. Outside a turn it does nothing special.
    """
    turns = _holders.get(asyncio.current_task())
    return await (turns.wait_outside(awaitable) if turns else awaitable)
