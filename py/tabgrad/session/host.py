"""The worker's side of the protocol: commands in, answers and events out.

Owns the present run and the order in which commands act. Each command is answered once: by what it asked for, by
Accepted, or by Failed. Knows no channel: the caller hands in decoded commands and a function that sends events.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from dataclasses import replace
from typing import Any

from tabgrad import protocol
from tabgrad.backends import DeviceLostError, EngineError
from tabgrad.data import DataError
from tabgrad.data.catalogue import DataSets
from tabgrad.incoming import unexpected
from tabgrad.network import SourceError, WeightsError
from tabgrad.program import ProgramError
from tabgrad.settings import RunSettings, SettingsError

from .console import Console
from .control import Abandoned, Diverged
from .importing import Importing
from .pace import Emit
from .programs import ProgramLibrary
from .run import Run, fetch_held_out
from .runtime import FetchFeatures, OpenEngine, Runtime, no_features
from .trainer import Trainer

#: Fetching and importing tinygrad for the console may take this long before the page may take the worker for dead.
#: Seconds.
MAX_LOAD_S = 120.0
#: `Failed.kind` for each exception. The first that fits counts.
_KINDS: tuple[tuple[type[BaseException], str], ...] = (
    (Diverged, "diverged"),
    (DeviceLostError, "device"),
    (EngineError, "device"),
    (DataError, "data"),
    (SettingsError, "input"),
    (ProgramError, "input"),
    (SourceError, "code"),
    (WeightsError, "input"),
    (MemoryError, "memory"),
    (OSError, "data"),
)


def failure(error: BaseException, reply_to: int) -> protocol.Failed:
    """The event that tells the page of `error`, in one sentence."""
    for kind, name in _KINDS:
        if isinstance(error, kind):
            message = str(error) or "There is not enough memory: try a smaller network or batch."
            return protocol.Failed(reply_to=reply_to, kind=name, message=message, line=getattr(error, "line", 0))
    what = unexpected(error)
    return protocol.Failed(
        reply_to=reply_to, kind="internal", message=f"Something went wrong in training ({what}). Your runs are kept."
    )


class WorkerHost:
    """Takes commands through `receive`; sends events through `send`."""

    def __init__(
        self,
        open_engine: OpenEngine,
        programs: ProgramLibrary,
        data_sets: DataSets,
        send: Emit,
        importing: Importing | None = None,
        *,
        fetch_features: FetchFeatures = no_features,
    ) -> None:
        self._send, self._importing = send, importing
        self._runtime = Runtime(open_engine, programs, data_sets, send, fetch_features)

        async def load_compiler() -> None:
            send(protocol.Busy(what="", seconds=MAX_LOAD_S))
            await programs.load_compiler()

        self._console = Console(data_sets, load_compiler)
        self._run: Run | None = None
        self._running: asyncio.Task[None] | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._runtime_lock = asyncio.Lock()  # held while the runtime is in use: runs follow each other

    @property
    def running(self) -> bool:
        """True from Start until the run has ended."""
        return self._running is not None and not self._running.done()

    def receive(self, command: protocol.Command) -> None:
        """Act on a command. Returns at once; what takes time goes on in a task."""
        try:
            if isinstance(command, protocol.Start):
                self._start(command)
            elif isinstance(command, (protocol.SaveCheckpoint, protocol.Import)):
                self._between_chunks(command)
            elif isinstance(command, protocol.Prepare):
                self._spawn(self._prepare(command), command.id)
            elif isinstance(command, protocol.Compile):
                self._spawn(self._compile(command), command.id)
            elif isinstance(command, protocol.Assist):
                self._spawn(self._assist(command), command.id)
            elif isinstance(command, protocol.Dispose):
                self._spawn(self._dispose(command), command.id)
            elif isinstance(command, (protocol.Evaluate, protocol.Complete, protocol.Remember)):
                self._consult(command)
            elif isinstance(command, (protocol.ReadData, protocol.UseData, protocol.DropData)):
                if self._importing is None:
                    raise DataError("Files cannot be read here: reload the page.")
                self._spawn(self._importing.answer(command), command.id)
            elif isinstance(command, protocol.ShowProgram):
                self._runtime.show_program(command.name, command.id)
            else:
                self._steer(command)
                self._send(protocol.Accepted(reply_to=command.id))
        except Exception as error:  # the page gets one answer in any case
            self._send(failure(error, command.id))

    def _active_run(self) -> Run:
        """The run under way; ProgramError if there is none."""
        if self._run is None or not self.running:
            raise ProgramError("There is no run under way: press Train.")
        return self._run

    def _steer(
        self, command: protocol.Pause | protocol.Resume | protocol.Step | protocol.Stop | protocol.Tune | protocol.Ping
    ) -> None:
        if isinstance(command, protocol.Ping):
            return
        run = self._active_run()
        control = run.control
        if isinstance(command, protocol.Tune):
            run.require_trainer().tune(command.values)
        else:
            actions = {
                protocol.Pause: control.pause,
                protocol.Resume: control.resume,
                protocol.Step: control.step,
                protocol.Stop: control.stop,
            }
            actions[type(command)]()

    def _start(self, command: protocol.Start) -> None:
        run = Run(self._runtime, command, self._send)  # a bad setting or checkpoint leaves the present run alone
        if self._run is not None:
            self._run.control.abandon()
        self._run = run
        self._running = asyncio.ensure_future(self._live(run, command))

    async def _live(self, run: Run, command: protocol.Start) -> None:
        try:
            async with self._runtime_lock:
                await run.go()
        except Abandoned:
            if run.trainer is None:
                self._send(protocol.Accepted(reply_to=command.id))
        except Exception as error:  # the run has ended, and the page is told
            if isinstance(error, EngineError):
                self._runtime.close()
            self._send(failure(error, command.id if run.trainer is None else 0))
        finally:
            await run.control.flush()

    def _spawn(self, work: Coroutine[Any, Any, None], reply_to: int) -> None:
        """Do something that takes time. Its failure is the answer to the command `reply_to`."""

        async def answered() -> None:
            try:
                await work
            except Exception as error:  # the page gets one answer
                self._send(failure(error, reply_to))

        task = asyncio.ensure_future(answered())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _between_chunks(self, command: protocol.SaveCheckpoint | protocol.Import) -> None:
        """Act on the network in training while no steps are in flight. Raises ProgramError if there is no run."""
        run = self._active_run()
        trainer = run.require_trainer()

        async def answered() -> None:
            try:
                if isinstance(command, protocol.SaveCheckpoint):
                    await trainer.save(reply_to=command.id)
                else:
                    await run.import_weights(command.weights)
                    self._send(protocol.Accepted(reply_to=command.id))
            except Exception as error:
                self._send(failure(error, command.id))
                if isinstance(error, EngineError):
                    raise  # the run must know, too, that its device is gone

        run.control.request(answered)

    def _consult(self, command: protocol.Evaluate | protocol.Complete | protocol.Remember) -> None:
        """Have the console act: between chunks if there is a run, and without a network while one is being set up."""
        if isinstance(command, protocol.Remember):
            self._console.remember(command)
            self._send(protocol.Accepted(reply_to=command.id))
            return

        async def answer(trainer: Trainer | None) -> None:
            if isinstance(command, protocol.Complete):
                self._send(await self._console.complete(command, trainer))
            else:
                begins = trainer is None and self.running
                self._send(await self._console.evaluate(command, trainer, begins=begins))

        async def alone() -> None:
            async with self._runtime_lock:
                trainer = self._run.trainer if self._run else None
                await answer(trainer if trainer and self._runtime.has(trainer.network) else None)

        async def between_chunks() -> None:
            try:
                await answer(trainer)
            except Exception as error:
                self._send(failure(error, command.id))
                if isinstance(error, EngineError):
                    raise  # the run must know, too, that its device is gone

        trainer = self._run.trainer if self._run and self.running else None
        if not self.running:
            self._spawn(alone(), command.id)
        elif self._run is None or trainer is None or isinstance(command, protocol.Complete):
            self._spawn(answer(trainer), command.id)
        else:
            self._run.control.request(between_chunks)

    async def _prepare(self, command: protocol.Prepare) -> None:
        settings = RunSettings.make(command.settings)
        if command.answer_target:
            await self._runtime.answer_program(settings, command.answer_target, command.id, command.program)
            return
        if self.running:
            self._send(protocol.Accepted(reply_to=command.id))
            return
        async with self._runtime_lock:
            data = await self._runtime.data(settings)
            await self._runtime.network(settings)
            await data.source(settings.seed).take(1)
            self._runtime.announce(data, reply_to=command.id)
            await fetch_held_out(data, "validation")  # a run begins with them

    async def _compile(self, command: protocol.Compile) -> None:
        settings = RunSettings.make(command.settings)
        if self.running:  # between two chunks of it, on the engine that it has opened
            written = await self._runtime.written(settings, command.answer_target)
        else:
            async with self._runtime_lock:
                written = await self._runtime.written(settings, command.answer_target)
        self._console.compiled(settings, written.weights)
        self._send(replace(written, reply_to=command.id))

    async def _assist(self, command: protocol.Assist) -> None:
        """Answer at once, also while a run has the engine."""
        self._send(replace(await self._runtime.assist(command), reply_to=command.id))

    async def _dispose(self, command: protocol.Dispose) -> None:
        if self._run is not None:
            self._run.control.abandon()
        async with self._runtime_lock:
            self._run = None
            self._runtime.unload()
        self._send(protocol.Accepted(reply_to=command.id))
