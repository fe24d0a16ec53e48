"""The page's side of the protocol: sends commands, receives events, and replaces a worker that no longer answers.

Owns the worker's life and the last checkpoint of the run under way. Knows no document. The caller says how a worker is
made, so that hangs and crashes are tested without one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any, Protocol

from tabgrad import protocol
from tabgrad.incoming import unexpected
from tabgrad.interop.clock import now_s
from tabgrad.network import mentions

#: A worker that does not answer a ping within this time is ended. Seconds.
ANSWER_WITHIN_S = 3.0
PING_EVERY_S = 1.0
#: A worker that sent anything within this time is alive, even if it has not answered the ping. Seconds.
QUIET_S = 1.0
#: How often a worker is replaced in one run.
MAX_RESTARTS = 3
#: Starting takes longer than answering: Pyodide, NumPy and our package have to come. Seconds.
START_WITHIN_S = 120.0
#: While it compiles, the worker tells of each kernel; the largest ones and the scheduler before them take this long.
KERNEL_WITHIN_S = 300.0


#: What is said of a worker that is silent while it trains with an `augment` that the visitor wrote.
OF_AUGMENT = "The worker stopped answering while your code ran: is there a loop without an end in “augment”?"


class Channel(Protocol):
    """A worker that can be started, written to and ended: `interop.worker.NamedWorker`."""

    async def start(self, first: str) -> None: ...
    def send(self, text: str, blobs: Sequence[Any] = ()) -> None: ...
    def terminate(self) -> None: ...


#: Commands that only change how a run goes on.
_STEERING = (protocol.Pause, protocol.Resume, protocol.Stop)

MakeChannel = Callable[[Callable[[str, list[Any]], None]], Channel]


class TrainClient:
    """`make` makes a channel for a function that gets what the worker sends; `first` is the worker's first message.

    `on_event` gets every event, and events that the client makes itself (Notice, Failed) when a worker is lost; but not
    the refusal of a command that was sent with `ask`, which is its answer.
    """

    def __init__(self, make: MakeChannel, first: str, on_event: Callable[[protocol.AnyEvent], None]) -> None:
        self._make, self._first, self._on_event = make, first, on_event
        self._channel: Channel | None = None
        self._ids = 0
        self._heard_at = self._grace_until = 0.0
        self._slowest_answer_s = 0.0
        self._ping: tuple[int, float] | None = None
        self._run: protocol.Start | None = None
        self._paused = self._stopping = False
        self._restarts = 0
        self._replaced: asyncio.Future[None] | None = None  # while another worker is being started for the run
        self._answers: dict[int, asyncio.Future[protocol.AnyEvent]] = {}
        self._tell: dict[int, Callable[[protocol.DataProgress], object]] = {}  # by the id of the command it is for
        self._consoles = set[int]()  # the console's commands in flight: how long they take is up to the visitor
        self._watch: asyncio.Task[None] | None = None
        self._restarting: asyncio.Task[None] | None = None
        self._starting = asyncio.Lock()

    @property
    def started(self) -> bool:
        """Whether the worker has been started. It counts as started while another one takes its place."""
        return self._channel is not None or self._replaced is not None

    @property
    def running(self) -> bool:
        """Whether there is a run: from Start until it has ended."""
        return self._run is not None

    @property
    def console_is_running(self) -> bool:
        """Whether a command of the console is under way, for which all others wait."""
        return bool(self._consoles)

    async def ensure(self) -> None:
        """Start the worker unless it is there. Concurrent calls wait for it, too. Raises RuntimeError."""
        async with self._starting:
            if self._channel is None:
                channel = self._make(self._receive)
                self._heard_at = now_s()
                self._grace_until = self._heard_at + START_WITHIN_S
                self._watch = self._watch or asyncio.ensure_future(self._watchdog())
                try:
                    await channel.start(self._first)
                except BaseException:
                    channel.terminate()
                    raise
                self._channel = channel

    def send(self, command: protocol.Command) -> int:
        """Send a command; returns its id. The worker must have been started."""
        if self._channel is None:
            raise RuntimeError("Training has not been started.")
        self._ids += 1
        numbered = replace(command, id=self._ids)
        self._note(numbered)
        self._channel.send(*protocol.encode(numbered))
        return self._ids

    async def ask(
        self, command: protocol.Command, tell: Callable[[protocol.DataProgress], object] | None = None
    ) -> protocol.AnyEvent:
        """Send a command and wait for its answer, which may be Failed. `tell` hears how far it is.

        While another worker takes the place of a lost one, commands that steer the run count at once; others wait.
        """
        if self._replaced is not None and self._channel is None:
            if isinstance(command, protocol.Dispose) or (self._run and isinstance(command, _STEERING)):
                self._note(command)
                return protocol.Accepted()
            await self._replaced
        future: asyncio.Future[protocol.AnyEvent] = asyncio.get_running_loop().create_future()
        number = self.send(command)
        self._answers[number] = future
        if tell is not None:
            self._tell[number] = tell
        try:
            return await future
        finally:
            self._answers.pop(number, None)
            self._tell.pop(number, None)

    def _note(self, command: protocol.Message) -> None:
        """Remember what a new worker would have to be told."""
        if isinstance(command, protocol.Start):
            self._run, self._paused, self._restarts = command, command.start_paused, 0
            self._stopping = False
        elif isinstance(command, protocol.Dispose):
            self._run = None
        elif isinstance(command, (protocol.Pause, protocol.Step)):
            self._paused = True
        elif isinstance(command, protocol.Resume):
            self._paused = False
        elif isinstance(command, protocol.Stop):
            self._stopping = True
        elif isinstance(command, protocol.Evaluate):
            self._consoles.add(command.id)
            self._ping = None  # its answer may come after the command's

    def _receive(self, text: str, blobs: list[Any]) -> None:
        try:
            event = protocol.decode_event(text, blobs)
        except protocol.ProtocolError as error:  # a worker of another version: what it answers cannot be understood
            self._run = None
            self._give_up(str(error))
            self._on_event(protocol.Failed(kind="internal", message=str(error)))
            return
        now = self._heard_at = now_s()
        # The first message of a new worker ends its grace period; a busy one gets another.
        self._grace_until = now + _busy_s(event)
        if self._ping is not None and event.reply_to == self._ping[0]:
            self._slowest_answer_s = max(self._slowest_answer_s, now - self._ping[1])
            self._ping = None
            return
        if isinstance(event, protocol.Failed) and event.kind == "ended":
            self._restarting = asyncio.ensure_future(self.restart())
            return
        if isinstance(event, protocol.DataProgress):
            if (tell := self._tell.get(event.reply_to)) is not None:
                tell(event)
            return
        refused = isinstance(event, protocol.Failed) and not self._ends_run(event)
        if isinstance(event, protocol.Checkpoint) and self._run is not None:
            self._run = replace(self._run, checkpoint=event.checkpoint)
        elif isinstance(event, (protocol.Finished, protocol.Failed)) and not refused:
            self._run = None
        if isinstance(event, protocol.Failed) and event.kind == "start":
            self._give_up(event.message)
        self._consoles.discard(event.reply_to)
        future = self._answers.get(event.reply_to)
        if future is not None and not future.done():
            future.set_result(event)
            if refused:
                return  # the one who asked says it: a run that has just ended has not failed
        self._on_event(event)

    def _ends_run(self, failed: protocol.Failed) -> bool:
        """A command that is refused does not end the run. A Start that failed and a failure without a command do."""
        if self._run is not None and failed.reply_to == self._run.id:
            return True
        return failed.reply_to == 0 and failed.kind != "input"

    def _give_up(self, message: str) -> None:
        """End the worker, and answer every command that waits for it with Failed."""
        if self._channel is not None:
            self._channel.terminate()
            self._channel = None
        self._ping = None
        self._consoles.clear()
        for number, future in list(self._answers.items()):
            if not future.done():
                future.set_result(protocol.Failed(reply_to=number, kind="internal", message=message))

    async def _watchdog(self) -> None:
        """Look after the worker for ever: nothing that goes wrong here may end it, and each fault is said once."""
        said = ""
        while True:
            try:
                await self._look()
            except Exception as error:  # of the browser, or of who takes the events
                sentence = f"Something went wrong in the page ({unexpected(error)}). Your runs are kept."
                if sentence != said:
                    said = sentence
                    with suppress(Exception):
                        self._on_event(protocol.Failed(kind="internal", message=sentence))

    async def _look(self) -> None:
        before = now_s()
        await asyncio.sleep(PING_EVERY_S / 2)
        if now_s() - before > ANSWER_WITHIN_S:
            self._ping = None  # the computer or the tab was asleep, so the worker's silence means nothing
        elif self._channel is not None:
            await self._check()

    async def _check(self) -> None:
        now = now_s()
        if now < self._grace_until or self._consoles:
            return
        if self._ping is None:
            waiting = self._run is not None or bool(self._answers)
            if waiting and now - self._heard_at > PING_EVERY_S:
                self._ping = (self.send(protocol.Ping()), now)
            return
        # Steps of a very large network take seconds: a worker may need as long as it once did.
        if now - self._ping[1] > max(ANSWER_WITHIN_S, 3 * self._slowest_answer_s) and now - self._heard_at > QUIET_S:
            await self.restart(is_silent=True)

    async def replace_worker(self) -> None:
        """End the worker, for it does what nobody wants, or is damaged; a run goes on with another.

        If another one is on its way already, wait for that.
        """
        if self._replaced is not None:
            await self._replaced
        else:
            await self.restart(wanted=True)

    async def restart(self, *, wanted: bool = False, is_silent: bool = False) -> None:
        """End the worker, start another, and go on with the run under way from its last checkpoint.

        What the visitor wants meanwhile counts: the run may be gone then, paused, or about to stop. `wanted`: it has
        not crashed. `is_silent`: it does not answer, and has not said that it ended.
        """
        crashed = OF_AUGMENT if is_silent and self._augments else "Training has crashed."
        self._give_up("The worker was stopped." if wanted else crashed)
        if wanted:
            self._restarts = 0
        elif self._restarts >= MAX_RESTARTS:
            self._lose(OF_AUGMENT if crashed == OF_AUGMENT else "Training keeps crashing here: reload the page.")
            return
        replaced = self._replaced = asyncio.get_running_loop().create_future()
        try:
            await self.ensure()
            resumed = self._resume()
        except RuntimeError as error:
            self._lose(str(error))
            return
        except Exception as error:  # the browser's own
            self._lose(f"Training did not start again ({unexpected(error)}): reload the page.")
            return
        finally:
            self._replaced = None
            if not replaced.done():
                replaced.set_result(None)
        if resumed is not None:
            where = "its last checkpoint" if resumed.checkpoint else "the beginning"
            what = "The worker was stopped, and with it the run." if wanted else crashed
            self._on_event(protocol.Notice(message=f"{what} It is started again, from {where}."))

    @property
    def _augments(self) -> bool:
        """Whether code of the visitor's is called in each step of the run under way."""
        return self._run is not None and mentions(str(self._run.settings.get("source", "")), "augment")

    def _resume(self) -> protocol.Start | None:
        """Tell a new worker of the run that is still wanted, if there is one; returns what it was told."""
        run, stopping, restarts = self._run, self._stopping, self._restarts + 1
        if run is not None:
            self.send(replace(run, start_paused=self._paused))
            self._restarts = restarts
            if stopping:
                self.send(protocol.Stop())
        return run

    def _lose(self, sentence: str) -> None:
        """The run, if there is one, has ended, because no worker goes on with it."""
        self._run = None
        self._on_event(protocol.Failed(kind="internal", message=sentence))


def _busy_s(event: protocol.AnyEvent) -> float:
    """How long the worker may be unable to answer after an event."""
    if isinstance(event, protocol.Busy):
        return event.seconds
    return KERNEL_WITHIN_S if isinstance(event, protocol.Compiling) else 0.0
