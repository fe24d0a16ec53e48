"""The run on the page: sends the worker commands, follows its events, and stores what it leaves.

Owns the state of the run and every decision about it. Knows no document: views are told which parts of the state to
show again, so all of it is tested without a browser.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from typing import Protocol

from tabgrad import protocol
from tabgrad.artifacts import load_weights, make_row, read_record, save_weights
from tabgrad.backends import EngineError
from tabgrad.incoming import unexpected
from tabgrad.network import WeightsError
from tabgrad.program import ProgramError
from tabgrad.settings import TUNABLE, RunSettings, SettingsError

from ..models import Model
from ..tasks import Tasks
from ..widgets.labels import mismatch
from .announcements import Announcements
from .client import TrainClient
from .files import WeightFiles
from .state import Part, RunState, Status, StatusMessage
from .store import KEPT_WEIGHTS, TrainStore
from .trained_models import TrainedModels
from .versions import Versions

PAUSED = "Paused. Press Resume to go on, or One step to see what a single step changes."
NOT_ALONE = "Another tab is training, too. This run's result is kept, but it cannot go on after a reload."


class RunLock(Protocol):
    """Held by the one tab whose run can be resumed: `interop.tab_lock.TabLock`."""

    async def take(self) -> bool:
        """Whether this tab has the lock from now on."""

    def give_back(self) -> None:
        """Let another tab have it. Idempotent."""


class RunController:
    """`state` is the run's; `render` gets the parts of it that have changed.

    `versions` decides which version of the run's network answers, `files` exports and imports weights.
    `lock` is the run lock; only the tab that holds it stores what its run can be resumed from. `persist` asks the
    browser to keep what is stored; it is called once, after the first run.
    """

    def __init__(
        self,
        client: TrainClient,
        store: TrainStore,
        models: TrainedModels,
        lock: RunLock,
        *,
        render: Callable[[frozenset[Part]], object],
        persist: Callable[[], Awaitable[object]],
    ) -> None:
        self._client, self._store, self._models, self._lock = client, store, models, lock
        self._render, self._persist = render, persist
        self._alone = True  # this tab holds the run lock
        self._announcements = Announcements(self._announce)
        self._asked_to_persist = False
        self._run_id = self._origin = ""
        self.state = RunState()
        self.tasks = Tasks(self._failed_inside)
        self.versions = Versions(self.state, models, say=self.say, changed=self._changed, do=self.tasks.do)
        self.files = WeightFiles(self.state, client, store, models, self.say)

    # ---- What the visitor wants

    async def prepare(self, settings: Callable[[], RunSettings]) -> None:
        """Have the worker, its engine and the first data ready before Train is pressed."""
        if self.state.status != "none":
            return
        self.state.preparing = True
        self._changed("status")
        answer: protocol.AnyEvent
        try:
            await self._client.ensure()
            answer = await self._client.ask(protocol.Prepare(settings=settings().to_json()))
        except (RuntimeError, SettingsError) as error:
            answer = protocol.Failed(kind="start", message=str(error))
        self.state.preparing = False
        if self.state.status == "none" and isinstance(answer, protocol.Ready):
            self.state.status = "ready"
        self._changed("status")

    async def start(
        self, settings: RunSettings, *, paused: bool = False, checkpoint: bytes = b"", model: Model | None = None
    ) -> None:
        """Go on from a checkpoint, or begin a run: with the weights of `model`, or with weights drawn by the seed."""
        if model is not None and model.alphabet != settings.alphabet:
            self.say(mismatch(model.alphabet, settings.alphabet), error=True)
            return
        try:
            weights = save_weights(await model.weights()) if model else b""
        except EngineError as error:
            self.say(f"{error} Begin with fresh weights, or choose another network.", error=True)
            return
        self._run_id = f"{time.time_ns() // 1_000_000:x}"
        self._origin = model.title if model else ""
        self._models.training_begins(settings)
        self._clear()
        self.state.timeline.origin = self._origin
        self._show_message("Starting …")
        self._set_status("loading")
        self._alone = await self._lock.take()
        self._store.begin(self._run_id, resumed=bool(checkpoint), alone=self._alone)
        if checkpoint:
            await self._restore(checkpoint)
        try:
            await self._client.ensure()
        except RuntimeError as error:
            self.fail(str(error))
            return
        command = protocol.Start(
            settings=settings.to_json(),
            checkpoint=checkpoint,
            weights=weights,
            origin=self._origin,
            answer_target=self._models.target,
            start_paused=paused,
        )
        answer = await self._client.ask(command)
        if isinstance(answer, protocol.Ready) and paused and not checkpoint:
            await self._tell(protocol.Step())

    async def _restore(self, checkpoint: bytes) -> None:
        """Show the timeline that led to a checkpoint."""
        record = read_record(checkpoint)
        self._origin = record.origin
        _, entries = await self._store.timeline()
        self.state.timeline.restore([entry for entry in entries if entry.step <= record.step], origin=record.origin)
        self._changed("timeline")

    def press(self, button: str) -> None:
        """Pause or resume, do one step of a paused run, or stop: "pause", "step", "stop"."""
        commands: dict[str, protocol.Command] = {
            "pause": protocol.Resume() if self.state.status == "paused" else protocol.Pause(),
            "step": protocol.Step(),
            "stop": protocol.Stop(),
        }
        self.tasks.do(self._tell(commands[button]))

    def tune(self, name: str, settings: RunSettings) -> None:
        """Change a setting of the run under way, if there is one and the setting can change."""
        if self._client.running and name in TUNABLE:
            self.tasks.do(self._tell(protocol.Tune(values={name: settings.to_json()[name]})))

    async def reset(self) -> None:
        """End the run and forget it; finished runs stay."""
        if self._client.started:
            await self._tell(protocol.Dispose())
        await self._store.drop_checkpoint()
        self.versions.move_to_newest()  # nothing will say any more which version answers
        if self.state.under_way:
            self._models.training_discarded()
        self._clear()
        self._set_status("ready" if self._client.started else "none")

    async def forget(self, run_id: str) -> None:
        """Take a finished run out of the table; `undo_forget` brings the last one back."""
        await self._store.remove_run(run_id)
        await self._models.withdraw_run(run_id)
        self._changed("runs")

    async def rename(self, run_id: str, name: str) -> None:
        """Call a finished run otherwise."""
        await self._store.rename_run(run_id, name)
        self.offer_runs()

    async def undo_forget(self) -> None:
        """The run that was forgotten last is there again."""
        await self._store.restore_run()
        self.offer_runs()

    async def erased(self) -> None:
        """All that was stored is erased: finished runs are gone. The newest network stays until the tab closes."""
        runs = self._store.runs
        self._store.erased()
        for row in runs[:KEPT_WEIGHTS]:
            await self._models.withdraw_run(row["id"])
        if self.state.status in ("none", "ready"):
            self._clear()  # what is shown is the timeline of a run of an earlier visit
        self._changed("runs")

    # ---- What an earlier visit left

    async def interrupted(self) -> bytes | None:
        """The checkpoint of an interrupted run that no other tab goes on with, if there is one."""
        alone = await self._lock.take()
        if not self.state.under_way:
            self._lock.give_back()
        return await self._store.checkpoint() if alone else None

    async def recall(self) -> None:
        """After a reload: show the timeline of the run that ended last. Its network is built when the slider moves."""
        run_id, entries = await self._store.timeline()
        row = next((row for row in self._store.runs if row["id"] == run_id), None)
        content = await self._store.weights(run_id) if row else None
        if row is None or content is None or self.state.status != "none":
            return
        try:
            weights = load_weights(content)
        except WeightsError:
            return  # damaged in the storage: there is nothing to recall
        self.versions.recall(row, weights, entries)

    # ---- What the worker says

    def receive(self, event: protocol.AnyEvent) -> None:
        """Handle an event of the worker, or one that the client makes when the worker is lost."""
        try:
            self._render(self.state.take(event))
            self._follow(event)
            self._announcements.follow(event, self.state)
        except (WeightsError, ProgramError) as error:  # in what the worker has sent
            self.say(str(error), error=True)

    def _follow(self, event: protocol.AnyEvent) -> None:
        match event:
            case protocol.Compiled(name="infer", reply_to=0):
                self._models.training.set_program(event.program)
            case protocol.Weights() if self.state.timeline.at_end:
                self.versions.answer()
            case protocol.Ready():
                self._models.forget_programs()
                if self.state.status == "loading":
                    self.say("" if self._alone else NOT_ALONE)
            case protocol.Progress(state="training"):
                self._replace_message(PAUSED, "")
                self._set_status("training")
            case protocol.Progress(state="paused"):
                self._replace_message("", PAUSED)
                self._set_status("paused")
            case protocol.Checkpoint():
                self.versions.follow_timeline()
                self.tasks.do(self._store_checkpoint(event))
            case protocol.Finished():
                self.tasks.do(self._finish(event))
            case protocol.Failed(kind="diverged"):  # it has ended: there is nothing to go on with after a reload
                self.tasks.do(self._store.drop_checkpoint())
                self.fail(event.message)
            case protocol.Failed() if not self._client.running and not self.state.warms_up:
                self.fail(event.message)
            case protocol.Failed(kind="internal", reply_to=0) if self._client.running:
                self.say(event.message, error=True)  # the run goes on

    async def _store_checkpoint(self, event: protocol.Checkpoint) -> None:
        """Keep it, with the timeline that led there. What is stored of another run stays until a step has been done."""
        if event.step:
            await self._store.save_checkpoint(event.checkpoint)
            await self._store.save_timeline(self.state.timeline.entries)

    async def _finish(self, event: protocol.Finished) -> None:
        weights = self.state.weights
        assert weights is not None, "A run sends its weights before it ends."
        row = make_row(self._run_id, event, self.state.engine_title, weights.parameters, self._origin)
        await self._store.finish(row, weights.data, self.state.timeline.entries)
        if not self._models.training_ended(self.state.ending):
            self._announce(self.state.message.text)  # else the status line says it
        self.offer_runs()
        if self._store.fault:
            self.say(self._store.fault, error=True)
        self._set_status("finished")
        if not self._asked_to_persist:
            self._asked_to_persist = True
            await self._persist()

    def offer_runs(self) -> None:
        """Show the table of runs, and put those whose weights are kept into the model picker."""
        self._models.offer_runs(self._store.runs[:KEPT_WEIGHTS])
        self._changed("runs")

    async def save_now(self) -> None:
        """The tab is hidden and may never come back: store a checkpoint now."""
        if self._client.running and self.state.status in ("training", "paused"):
            await self._client.ask(protocol.SaveCheckpoint())

    async def _tell(self, command: protocol.Command) -> None:
        """Send a command and show why it was refused, if it was."""
        try:
            answer = await self._client.ask(command)
        except RuntimeError as error:
            answer = protocol.Failed(kind="input", message=str(error))
        if isinstance(answer, protocol.Failed):
            self.say(answer.message, error=True)

    # ---- The state

    def say(self, sentence: str, *, error: bool = False) -> None:
        """A sentence about the run, also for screen readers; it replaces the one before."""
        self._show_message(sentence, error)
        if sentence:
            self._announce(sentence)

    def _show_message(self, sentence: str, error: bool = False) -> None:
        self.state.message = StatusMessage(sentence, error)
        self._changed("message")

    def _replace_message(self, old: str, new: str) -> None:
        """Show `new` in the place of `old`. Any other sentence stays: it has not been read yet, perhaps."""
        if self.state.message.text == old:
            self._show_message(new)

    def take_back(self, sentence: str) -> None:
        """A sentence that is no longer true."""
        self._replace_message(sentence, "")

    def _announce(self, sentence: str) -> None:
        self.state.announcement = sentence
        self._changed("announcement")

    def fail(self, sentence: str) -> None:
        """The run, or the page's part in it, has failed."""
        self.say(sentence, error=True)
        self._models.training_ended()
        if self.state.status == "failed":
            self._changed("status")  # with another sentence
        self._set_status("failed")

    def _failed_inside(self, error: BaseException) -> None:
        self.fail(f"Something went wrong in the page ({unexpected(error)}). Your runs are kept.")

    def _clear(self) -> None:
        self.versions.begin()
        self._announcements.begin()
        self._render(self.state.clear())

    def _set_status(self, status: Status) -> None:
        if status != self.state.status:
            self.state.status = status
            self._changed("status")
        if not self.state.under_way:
            self._lock.give_back()

    def _changed(self, *parts: Part) -> None:
        self._render(frozenset(parts))
