"""Run control: pause, resume, step, stop, requests that wait until no steps are in flight; what ends a run early.

Commands set the state here; the trainer reads it between chunks. Nothing here trains.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

from tabgrad.settings import RunSettings

Request = Callable[[], Awaitable[None]]


class Diverged(RuntimeError):
    """The loss grew too large. The network holds its last good weights."""


class Abandoned(RuntimeError):
    """The run was disposed of while it was training."""


class RunControl:
    """State shared by the command handler and the trainer, both on one event loop."""

    def __init__(self, paused: bool = False) -> None:
        self.paused, self.stopping, self.abandoned = paused, False, False
        self.single_steps = 0
        self._requests: list[Request] = []
        self._changed = asyncio.Event()

    def pause(self) -> None:
        """Pause after the chunk in flight."""
        self.paused = True

    def resume(self) -> None:
        self.paused, self.single_steps = False, 0
        self._changed.set()

    def step(self) -> None:
        """Do one step, then pause."""
        self.paused = True
        self.single_steps += 1
        self._changed.set()

    def stop(self) -> None:
        """End the run and evaluate it."""
        self.stopping = True
        self._changed.set()

    def abandon(self) -> None:
        """End the run at once and keep nothing."""
        self.abandoned = True
        self._changed.set()

    def request(self, request: Request) -> None:
        """Have `request` awaited as soon as no steps are in flight, whether the run is paused or not."""
        self._requests.append(request)
        self._changed.set()

    @property
    def interrupted(self) -> bool:
        """True if the trainer should collect the steps in flight and look at this object."""
        return self.paused or self.stopping or self.abandoned or bool(self._requests)

    async def yield_and_check(self) -> None:
        """Let the event loop deliver messages. Raises Abandoned."""
        await asyncio.sleep(0)
        if self.abandoned:
            raise Abandoned("The run was ended.")

    async def serve(self) -> None:
        """With no steps in flight: await the requests, and while paused wait for something to do. Raises Abandoned."""
        while True:
            while self._requests:
                await self._requests.pop(0)()
            await self.yield_and_check()
            if self.stopping or not self.paused or self.single_steps:
                return
            if not self._requests:
                self._changed.clear()
                await self._changed.wait()

    async def flush(self) -> None:
        """Await the requests that were open when the run ended. Each reports its own failure."""
        while self._requests:
            with suppress(Exception):
                await self._requests.pop(0)()


def divergence_advice(settings: RunSettings, step: int, good_step: int, *, finite: bool, best: bool) -> str:
    """Say what happened, what is kept (`best`: the best epoch's weights), and which setting to change first."""
    what = "grew without end" if finite else "became too large for a number"
    if settings.lr > 1e-3:
        advice = f"try a learning rate of {settings.lr / 10:g}"
    elif settings.momentum > 0.9 and "momentum" in settings.optimizer_row.fields:
        advice = "try a momentum of 0.9"
    else:
        advice = "try a larger batch"
    if settings.clip == 0:
        advice += " or gradient clipping at 1"
    which = ", the best so far," if best else ""
    return f"The loss {what} at step {step}. The weights of step {good_step}{which} are kept: {advice}."
