"""The training panel: takes the visitor's settings, gives the worker commands, and shows what comes back.

Owns the state of a run as the page sees it. Training itself, engines and data are behind the protocol.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any

from tabgrad.interop import dom, page, storage
from tabgrad.interop.worker import NamedWorker, absolute
from tabgrad.program import ProgramError
from tabgrad.protocol import (
    PRESETS,
    TUNABLE,
    AnyEvent,
    Checkpoint,
    Dispose,
    Export,
    Exported,
    Failed,
    Finished,
    Pause,
    Prepare,
    Progress,
    Ready,
    Resume,
    RunSettings,
    SettingsError,
    Start,
    Step,
    Stop,
    Tune,
)

from .train_address import settings_in_address, write_address
from .train_client import TrainClient, is_checkpoint
from .train_data import make_row
from .train_form import SettingsForm
from .train_keep import Keep, ResumeOffer
from .train_models import plain_weights
from .train_runs import RunsTable
from .train_screen import RunScreen
from .train_shelf import Shelf, run_name
from .train_store import TrainStore
from .train_view import Buttons, Presets

if TYPE_CHECKING:
    from .app import App


class TrainPanel:
    """Builds itself in `parent`. `app` is the page: it offers models to the picker and speaks to the visitor."""

    def __init__(self, app: App, parent: dom.Element) -> None:
        self._app = app
        self.state = "none"
        self._tasks: set[asyncio.Task[Any]] = set()
        parts = dom.by_id("trainer").dataset
        first = json.dumps({"base": absolute("."), "manifest": app.manifest})
        self.client = TrainClient(
            lambda receive: NamedWorker(str(parts.script), str(parts.config), receive), first, self._on_event
        )
        self.store = TrainStore(storage.open_storage, self._complain)
        self.shelf = Shelf(app, self.client, self.store)
        self._run_id = ""
        self._build(parent)
        self._do(self._open(str(parts.uplot)))

    def _build(self, parent: dom.Element) -> None:
        root = dom.create("div", parent, class_="train")
        left, right = dom.create("div", root, class_="train-setup"), dom.create("div", root, class_="train-run")
        self._interest = [dom.Listener(root, events, self._warm_up) for events in ("pointerenter", "focusin")]
        self._presets = Presets(left, self._use_preset)
        self.form = SettingsForm(left, self._edited)
        self._resume = ResumeOffer(right, self._resume_run, self._forget_checkpoint)
        self._buttons = Buttons(right, self._pressed)
        self.screen = RunScreen(right, self.shelf.training)
        self._keep = Keep(right, self)
        self._runs = RunsTable(dom.create("div", parent, class_="train-runs"), self._on_run_action)
        self._set_state("none")
        page.on_hidden(lambda: self._do(self._save_now()))

    async def _open(self, uplot: str) -> None:
        """What it takes once it is on the page: settings from the address, charts, what an earlier visit left."""
        settings, refused = settings_in_address()
        self.form.show(settings)
        if not self._app.manifest["data"].get("mnist"):
            self.form.disable_option("data", "mnist", "MNIST (not on this site)")
        if refused:
            self.screen.say(" ".join(refused), error=True)
        try:
            await self.screen.curves.load(uplot)
        except OSError as error:
            self.screen.say(f"{error} The table still shows the curves.", error=True)
        await self.store.load()
        self._runs.show(self.store.runs)
        self.shelf.offer_runs()
        self._resume.show(await self.store.checkpoint())

    def _warm_up(self, _event: dom.Event) -> None:
        """The visitor comes near: have the worker, its engine and the first data ready before Train is pressed."""
        for listener in self._interest:
            listener.remove()
        self._interest = []
        if self.state == "none":
            dom.root_dataset().worker = "loading"
            self._do(self._prepare())

    async def _prepare(self) -> None:
        try:
            await self.client.ensure()
            answer = await self.client.ask(Prepare(settings=self.form.settings().to_json()))
        except (RuntimeError, SettingsError) as error:
            answer = Failed(kind="start", message=str(error))
        # What went wrong here is said when Train is pressed and goes wrong again.
        if self.state == "none":
            self._set_state("ready" if isinstance(answer, Ready) else "none")

    # The visitor's wishes

    def _use_preset(self, name: str) -> None:
        if self.state in ("training", "paused", "loading"):
            self.screen.say("Stop the run under way before choosing another preset.", error=True)
            return
        engine = self.form.settings().engine
        self.form.show(RunSettings.make({"engine": engine}, PRESETS[name].settings))
        write_address(self.form.settings())

    def _edited(self, name: str, settings: RunSettings) -> None:
        write_address(settings)
        if self.client.running and name in TUNABLE:
            self._do(self._tell(Tune(values={name: settings.to_json()[name]})))

    def _pressed(self, button: str) -> None:
        if button == "start":
            self._begin(paused=False)
        elif button == "step" and not self.client.running:
            self._begin(paused=True)
        elif button == "reset":
            self._do(self._reset())
        else:
            paused = self.state == "paused"
            commands = {"pause": Resume() if paused else Pause(), "step": Step(), "stop": Stop()}
            self._do(self._tell(commands[button]))

    def _begin(self, paused: bool, checkpoint: bytes = b"") -> None:
        try:
            settings = self.form.settings()
        except SettingsError as error:
            self.screen.say(str(error), error=True)
            return
        write_address(settings)
        self._do(self._start(settings, paused, checkpoint))

    async def _start(self, settings: RunSettings, paused: bool, checkpoint: bytes = b"") -> None:
        self._run_id = f"{time.time_ns() // 1_000_000:x}"
        self.screen.clear()
        self.screen.say("Starting the training worker …" if not self.client.started else "Starting …")
        self._set_state("loading")
        self._resume.show(None)
        try:
            await self.client.ensure()
        except RuntimeError as error:
            self._fail(str(error))
            return
        target = f"{self._app.device.target}.{self._app.device.variants[0]}" if self._app.device else ""
        command = Start(settings=settings.to_json(), checkpoint=checkpoint, answer_target=target, start_paused=paused)
        answer = await self.client.ask(command)
        if isinstance(answer, Ready) and paused and not checkpoint:
            await self._tell(Step())

    async def _tell(self, command: Any) -> AnyEvent:
        """Give a command and show why it was refused, if it was."""
        try:
            answer = await self.client.ask(command)
        except RuntimeError as error:
            answer = Failed(kind="input", message=str(error))
        if isinstance(answer, Failed):
            self.screen.say(answer.message, error=True)
        return answer

    async def _reset(self) -> None:
        """End the run and begin with a clean sheet; finished runs stay."""
        if self.client.started:
            await self._tell(Dispose())
        await self.store.drop_checkpoint()
        self.screen.clear()
        self._set_state("ready" if self.client.started else "none")

    def _resume_run(self, checkpoint: bytes) -> None:
        try:
            _, settings = plain_weights(checkpoint)
        except ProgramError as error:
            self.screen.say(str(error), error=True)
            return
        self.form.show(settings)
        self._begin(paused=False, checkpoint=checkpoint)

    def _forget_checkpoint(self) -> None:
        self._do(self.store.drop_checkpoint())

    # What the worker says

    def _on_event(self, event: AnyEvent) -> None:
        self.screen.show(event)
        if isinstance(event, Ready):
            self.shelf.forget_programs()
        if isinstance(event, Progress) and event.state in ("training", "paused"):
            self._set_state(event.state)
        elif isinstance(event, Checkpoint):
            self._do(self.store.save_checkpoint(event.checkpoint))
        elif isinstance(event, Ready) and self.state == "loading":
            self.screen.say("")
        elif isinstance(event, Finished):
            self._do(self._on_finished(event))
        elif isinstance(event, Failed) and not self.client.running:
            self._fail(event.message)

    async def _on_finished(self, event: Finished) -> None:
        row = make_row(self._run_id, event, self.screen.engine, self.screen.parameter_count())
        await self.store.drop_checkpoint()
        await self.store.add_run(row, self.screen.weights)
        self._runs.show(self.store.runs)
        self.shelf.offer_runs()
        self._set_state("finished")

    async def _save_now(self) -> None:
        """The tab is hidden and may never come back: keep a checkpoint of this moment."""
        if self.client.running and self.state in ("training", "paused"):
            answer = await self.client.ask(Export(checkpoint=True))
            if isinstance(answer, Exported) and is_checkpoint(answer.data):
                await self.store.save_checkpoint(answer.data)

    def _on_run_action(self, action: str, run_id: str) -> None:
        row = next(row for row in self.store.runs if row["id"] == run_id)
        if action == "use":
            self._do(self.shelf.pick(run_name(run_id)))
        elif action == "settings":
            self.form.show(RunSettings.make(row["settings"]))
        else:
            self._do(self._forget_run(run_id))

    async def _forget_run(self, run_id: str) -> None:
        await self.store.remove_run(run_id)
        self.shelf.withdraw_run(run_id)
        self._runs.show(self.store.runs)

    # State

    def _set_state(self, state: str) -> None:
        self.state = state
        dom.root_dataset().worker = state
        self._buttons.show(state)
        self.form.set_running(state in ("training", "paused"))

    def _fail(self, sentence: str) -> None:
        self.screen.say(sentence, error=True)
        dom.root_dataset().error = sentence
        self._set_state("failed")

    def _complain(self, sentence: str) -> None:
        self.screen.say(sentence, error=True)

    def _do(self, work: Coroutine[Any, Any, Any]) -> None:
        """Run a coroutine; the event loop itself keeps no reference to its tasks."""
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()):
            self._fail(f"The page failed inside ({type(error).__name__}: {error}); your runs are kept.")
