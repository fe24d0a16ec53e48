"""The worker's side of the protocol: every command in, every answer and event out.

Owns the present run and the order in which commands act. Each command is answered once, by what it asked for, by
Accepted, or by Failed. Knows no channel: the caller hands in decoded commands and a function that sends events.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from tabgrad.backends.base import DeviceLostError, EngineError
from tabgrad.data import DataError
from tabgrad.program import ProgramError
from tabgrad.protocol import (
    Accepted,
    AnyEvent,
    Command,
    Dispose,
    Evaluate,
    Export,
    Failed,
    Import,
    Pause,
    Ping,
    Prepare,
    Resume,
    SampleData,
    Samples,
    ShowProgram,
    Start,
    Step,
    Stop,
    Tune,
)
from tabgrad.settings import RunSettings, SettingsError

from .errors import Abandoned, Diverged
from .requests import Requests
from .run import Run
from .runtime import Runtime
from .services import Services

#: What a failure is called in `Failed.kind`, by its exception. The first that fits counts.
_KINDS: tuple[tuple[type[BaseException], str], ...] = (
    (Diverged, "diverged"),
    (DeviceLostError, "device"),
    (EngineError, "device"),
    (DataError, "data"),
    (SettingsError, "input"),
    (ProgramError, "input"),
    (MemoryError, "memory"),
    (OSError, "data"),
)


def failure(error: BaseException, reply_to: int) -> Failed:
    """The event that tells the page of `error`, in one sentence."""
    for kind, name in _KINDS:
        if isinstance(error, kind):
            message = str(error) or "There is not enough memory: try a smaller network or batch."
            return Failed(reply_to=reply_to, kind=name, message=message)
    what = f"{type(error).__name__}: {error}"
    return Failed(reply_to=reply_to, kind="internal", message=f"Training failed inside ({what}); your runs are kept.")


class WorkerHost:
    """Takes commands through `receive`; sends events through `send`."""

    def __init__(self, services: Services, send: Callable[[AnyEvent], None]) -> None:
        self._send = send
        self._workshop = Runtime(services, send)
        self._requests = Requests(self._workshop, send)
        self._run: Run | None = None
        self._life: asyncio.Task[None] | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._turn = asyncio.Lock()  # whoever uses the workshop holds it: runs follow each other

    @property
    def running(self) -> bool:
        """True from Start until the run has ended."""
        return self._life is not None and not self._life.done()

    def receive(self, command: Command) -> None:
        """Act on a command. Returns at once; what takes time goes on in a task."""
        try:
            if isinstance(command, Start):
                self._start(command)
            elif isinstance(command, (Evaluate, Export, Import)):
                self._ask(command)
            elif isinstance(command, Prepare):
                self._spawn(self._prepare(command), command.id)
            elif isinstance(command, Samples):
                self._spawn(self._samples(command), command.id)
            elif isinstance(command, Dispose):
                self._spawn(self._dispose(command), command.id)
            elif isinstance(command, ShowProgram):
                self._workshop.show_program(command.name, command.id)
            else:
                self._steer(command)
                self._send(Accepted(reply_to=command.id))
        except Exception as error:  # whatever happens, the page gets its one answer
            self._send(failure(error, command.id))

    def _steer(self, command: Pause | Resume | Step | Stop | Tune | Ping) -> None:
        if isinstance(command, Ping):
            return
        if self._run is None or not self.running:
            raise ProgramError("There is no run under way: press Train.")
        control = self._run.control
        if isinstance(command, Tune):
            self._run.require_trainer().tune(command.values)
        elif isinstance(command, Pause):
            control.pause()
        elif isinstance(command, Resume):
            control.resume()
        elif isinstance(command, Step):
            control.step()
        else:
            control.stop()

    def _start(self, command: Start) -> None:
        run = Run(self._workshop, command, self._send)  # a bad setting or checkpoint leaves the present run alone
        if self._run is not None:
            self._run.control.abandon()
        self._run = run
        self._life = asyncio.ensure_future(self._live(run, command))

    async def _live(self, run: Run, command: Start) -> None:
        try:
            async with self._turn:
                await run.go()
        except Abandoned:
            if run.trainer is None:
                self._send(Accepted(reply_to=command.id))
        except Exception as error:  # the end of the run, told to the visitor
            if isinstance(error, EngineError):
                self._workshop.close()
            self._send(failure(error, command.id if run.trainer is None else 0))
        finally:
            await run.control.flush()

    def _spawn(self, work: Coroutine[Any, Any, None], reply_to: int) -> None:
        """Do something that takes time. Its failure is the answer to the command `reply_to`."""

        async def answered() -> None:
            try:
                await work
            except Exception as error:  # the page gets its one answer
                self._send(failure(error, reply_to))

        task = asyncio.ensure_future(answered())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _ask(self, command: Evaluate | Export | Import) -> None:
        """Act on the network between two chunks of the run under way, or now if there is none."""

        async def answered() -> None:
            try:
                await self._requests.answer(command, self._run)
            except Exception as error:
                self._send(failure(error, command.id))
                if isinstance(error, EngineError):
                    raise  # the run, too, must know that its device is gone

        async def alone() -> None:
            async with self._turn:
                await self._requests.answer(command, self._run, idle=True)

        if self._run is not None and self.running:
            self._run.require_trainer()
            self._run.control.ask(answered)
        else:
            self._spawn(alone(), command.id)

    async def _prepare(self, command: Prepare) -> None:
        settings = RunSettings.make(command.settings)
        if command.answer_target:
            await self._workshop.answer_program(settings, command.answer_target, command.id)
            return
        if self.running:
            self._send(Accepted(reply_to=command.id))
            return
        async with self._turn:
            data = await self._workshop.data(settings)
            await self._workshop.network(settings)
            await data.source(settings.seed).take(1)
            self._workshop.announce(data, reply_to=command.id)

    async def _dispose(self, command: Dispose) -> None:
        if self._run is not None:
            self._run.control.abandon()
        async with self._turn:
            self._run = None
            self._workshop.forget()
        self._send(Accepted(reply_to=command.id))

    async def _samples(self, command: Samples) -> None:
        data = await self._workshop.data(self._run.settings if self._run else RunSettings())
        found = await data.samples(command.split, command.indices)
        self._send(
            SampleData(
                reply_to=command.id,
                split=command.split,
                indices=command.indices,
                pixels=found.images.tobytes(),
                labels=found.labels.tobytes(),
            )
        )
