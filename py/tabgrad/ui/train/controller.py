"""The run under way as the page sees it: gives the worker commands, follows what it says, keeps what it leaves.

Owns the state of the run. What is seen of it is `train_screen`'s affair, what the visitor wants `train`'s.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tabgrad.interop import dom
from tabgrad.interop.tab_lock import TabLock
from tabgrad.program import ProgramError
from tabgrad.protocol import (
    AnyEvent,
    Checkpoint,
    Command,
    Dispose,
    Export,
    Exported,
    Failed,
    Finished,
    Prepare,
    Progress,
    Ready,
    Start,
    Step,
)
from tabgrad.settings import RunSettings, SettingsError

from ..models.live import record_in
from ..tasks import Tasks
from .client import TrainClient, is_checkpoint
from .data import make_row, with_interval

if TYPE_CHECKING:
    from ..models.registry import ModelRegistry
    from .screen import RunScreen
    from .store import TrainStore

NOT_ALONE = "Another tab trains, too: this run cannot be resumed after a reload, but its result is kept."


@dataclass(frozen=True, slots=True)
class Beginning:
    """What a run goes on from (a checkpoint), or begins with: a network's `weights`, called `origin`, or nothing."""

    checkpoint: bytes = b""
    weights: bytes = b""
    origin: str = ""


class RunControl:
    """`state` is one of `train_view.STATES`. `changed` is called when it has changed, `runs_changed` when the table of
    runs has. The one tab that has `turn` keeps what its run can be resumed from.
    """

    def __init__(
        self,
        client: TrainClient,
        store: TrainStore,
        shelf: ModelRegistry,
        screen: RunScreen,
        turn: TabLock,
        *,
        changed: Callable[[], object],
        runs_changed: Callable[[], object],
    ) -> None:
        self._client, self._store, self._shelf, self._screen = client, store, shelf, screen
        self._changed, self._runs_changed = changed, runs_changed
        self._turn, self._alone = turn, True
        self._run_id = self._origin = ""
        self.state = "none"
        self._preparing = False
        self.tasks = Tasks(self._failed_inside)

    @property
    def under_way(self) -> bool:
        """Whether there is a run that has not ended."""
        return self.state in ("loading", "training", "paused")

    async def prepare(self, settings: Callable[[], RunSettings]) -> None:
        """Have the worker, its engine and the first data ready before Train is pressed."""
        if self.state != "none":
            return
        self._preparing = True
        dom.root_dataset().worker = "loading"
        answer: AnyEvent
        try:
            await self._client.ensure()
            answer = await self._client.ask(Prepare(settings=settings().to_json()))
        except (RuntimeError, SettingsError) as error:
            answer = Failed(kind="start", message=str(error))
        self._preparing = False
        if self.state == "none":
            self._set("ready" if isinstance(answer, Ready) else "none")

    async def start(self, settings: RunSettings, beginning: Beginning, paused: bool) -> None:
        """Begin a run, or go on from a checkpoint, with the timeline that led there."""
        checkpoint = beginning.checkpoint
        self._run_id, self._origin = f"{time.time_ns() // 1_000_000:x}", beginning.origin
        self._shelf.training_begins(settings.data)
        self._screen.clear()
        self._screen.say("Starting …" if self._client.started else "Starting the training worker …")
        self._set("loading")
        self._alone = await self._turn.take()
        self._store.begin(self._run_id, resumed=bool(checkpoint), alone=self._alone)
        if checkpoint:
            record = record_in(checkpoint)
            self._origin = str(record.get("origin", ""))
            _, moments = await self._store.moments()
            self._screen.timeline.restore([m for m in moments if m.step <= record["step"]])
        try:
            await self._client.ensure()
        except RuntimeError as error:
            self.fail(str(error))
            return
        command = Start(
            settings=settings.to_json(),
            checkpoint=checkpoint,
            weights=beginning.weights,
            origin=beginning.origin,
            answer_target=self._shelf.target,
            start_paused=paused,
        )
        answer = await self._client.ask(command)
        if isinstance(answer, Ready) and paused and not checkpoint:
            await self.tell(Step())

    async def interrupted(self) -> bytes | None:
        """The checkpoint of a run that no tab goes on with, if there is one."""
        alone = await self._turn.take()
        if not self.under_way:
            self._turn.give_back()
        return await self._store.checkpoint() if alone else None

    async def recall(self) -> None:
        """After a reload: the timeline of the run that ended last. Its network is built when the slider moves."""
        run_id, moments = await self._store.moments()
        row = next((row for row in self._store.runs if row["id"] == run_id), None)
        weights = await self._store.weights(run_id) if row else None
        if row is not None and weights is not None and self.state == "none":
            settings = RunSettings.make(row["settings"])
            name = f"run {row['number']}"
            self._screen.recall(name, moments, weights, lambda: self.tasks.do(self._bring_back(settings, weights)))

    async def _bring_back(self, settings: RunSettings, weights: bytes) -> None:
        """The network of a finished run answers again, at the slider's moment."""
        try:
            program = await self._shelf.program(settings)
        except ProgramError as error:
            self._screen.say(str(error), error=True)
            return
        if self.state in ("none", "ready"):  # else another run has begun meanwhile
            self._screen.say("")
            await self._shelf.bring_back(program, weights, settings.data)
            self._screen.show_moment()

    async def tell(self, command: Command) -> AnyEvent:
        """Give a command and show why it was refused, if it was."""
        try:
            answer = await self._client.ask(command)
        except RuntimeError as error:
            answer = Failed(kind="input", message=str(error))
        if isinstance(answer, Failed):
            self._screen.say(answer.message, error=True)
        return answer

    async def reset(self) -> None:
        """End the run and begin with a clean sheet; finished runs stay."""
        if self._client.started:
            await self.tell(Dispose())
        await self._store.drop_checkpoint()
        self._screen.clear()
        self._shelf.training_ended()
        self._set("ready" if self._client.started else "none")

    async def forget(self, run_id: str) -> None:
        """Take a finished run out of the table."""
        await self._store.remove_run(run_id)
        await self._shelf.withdraw_run(run_id)
        self._runs_changed()

    def hear(self, event: AnyEvent) -> None:
        """What the worker says, or the client in its place."""
        self._screen.show(event)
        if isinstance(event, Ready):
            self._shelf.forget_programs()
        if isinstance(event, Progress) and event.state in ("training", "paused"):
            self._set(event.state)
        elif isinstance(event, Checkpoint):
            self.tasks.do(self._keep(event))
        elif isinstance(event, Ready) and self.state == "loading":
            self._screen.say("" if self._alone else NOT_ALONE)
        elif isinstance(event, Finished):
            self.tasks.do(self._finish(event))
        elif isinstance(event, Failed) and not self._client.running and not self._unasked:
            self.fail(event.message)

    @property
    def _unasked(self) -> bool:
        """What goes wrong before Train is pressed is said when it is pressed and goes wrong again."""
        return self._preparing and self.state == "none"

    async def _keep(self, event: Checkpoint) -> None:
        await self._store.save_checkpoint(event.checkpoint)
        if event.milestone:
            await self._store.save_moments(self._screen.timeline.moments)

    async def _finish(self, event: Finished) -> None:
        row = make_row(self._run_id, event, self._screen.engine, self._screen.parameter_count(), self._origin)
        await self._store.finish(row, self._screen.weights, self._screen.timeline.moments)
        self._shelf.training_ended(f"right on {with_interval(event.test_accuracy, event.interval)} of the test images")
        self._shelf.offer_runs()
        self._runs_changed()
        if self._store.fault:
            self._screen.say(self._store.fault, error=True)
        self._set("finished")

    async def save_now(self) -> None:
        """The tab is hidden and may never come back: keep a checkpoint of this moment."""
        if self._client.running and self.state in ("training", "paused"):
            answer = await self._client.ask(Export(checkpoint=True))
            if isinstance(answer, Exported) and is_checkpoint(answer.data):
                await self._store.save_checkpoint(answer.data)

    def fail(self, sentence: str) -> None:
        """The run, or the page's part in it, has ended in this way."""
        self._screen.say(sentence, error=True)
        self._shelf.training_ended()
        dom.root_dataset().error = sentence
        self._set("failed")

    def _set(self, state: str) -> None:
        dom.root_dataset().worker = state
        if state != self.state:
            self.state = state
            self._changed()
        if not self.under_way:
            self._turn.give_back()

    def _failed_inside(self, error: BaseException) -> None:
        self.fail(f"The page failed inside ({type(error).__name__}: {error}); your runs are kept.")
