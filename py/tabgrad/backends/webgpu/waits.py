"""Waits for what a GPU has promised: as long as its device is there, and not for ever.

A browser may never settle a promise: when the device is lost at the wrong moment, or when the driver hangs. Owns how
that ends; costs a prediction nothing that can be measured. Time is counted in ticks of a timer and not read from a
clock: a computer that was asleep, or a page that was busy, has not waited.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

T = TypeVar("T")
#: How often it is looked whether something takes too long. Seconds.
TICK_S = 2.0


class _Wait:
    """A task that waits, for at most `limit_s`. `ticks` are left to it; `fault` is why it was ended."""

    def __init__(self, task: asyncio.Task[Any], limit_s: float) -> None:
        self.task, self.limit_s = task, limit_s
        self.ticks = math.ceil(limit_s / TICK_S)
        self.fault: Exception | None = None

    def end(self, fault: Exception) -> None:
        if self.fault is None:
            self.fault = fault
            self.task.cancel()


class Waits:
    """All waits for one device. `overdue` makes the exception for one that takes longer than so many seconds.

    `sleep` waits for a time in seconds.
    """

    def __init__(
        self, overdue: Callable[[float], Exception], sleep: Callable[[float], Awaitable[object]] = asyncio.sleep
    ) -> None:
        self._overdue, self._sleep = overdue, sleep
        self._waits: set[_Wait] = set()
        self._watch: asyncio.Task[None] | None = None

    async def result(self, promise: Awaitable[T], limit_s: float) -> T:
        """The result of `promise`. Raises what `overdue` makes after `limit_s`, and what `end_all` ends it with."""
        task = asyncio.current_task()
        assert task is not None, "only a task can wait"
        wait = _Wait(task, limit_s)
        self._waits.add(wait)
        if self._watch is None or self._watch.done():
            self._watch = asyncio.ensure_future(self._count())
        try:
            return await promise
        except asyncio.CancelledError:
            if wait.fault is None or task.uncancel():
                raise  # somebody else has cancelled the task
            raise wait.fault from None
        finally:
            self._waits.discard(wait)

    def end_all(self, make_fault: Callable[[], Exception]) -> None:
        """End every wait with an exception."""
        for wait in list(self._waits):
            wait.end(make_fault())

    async def _count(self) -> None:
        while self._waits:
            await self._sleep(TICK_S)
            for wait in list(self._waits):
                wait.ticks -= 1
                if wait.ticks < 0:  # the first tick came at any time
                    wait.end(self._overdue(wait.limit_s))
