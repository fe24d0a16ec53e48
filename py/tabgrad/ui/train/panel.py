"""The training panel: its parts on the page, and what the visitor wants of them.

Owns the layout and the wishes. The run that they lead to is `train_control`'s; engines and data lie behind it.
"""

from __future__ import annotations

import json
from collections.abc import Coroutine
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from tabgrad.backends.base import EngineError
from tabgrad.interop import dom, page, storage
from tabgrad.interop.tab_lock import TabLock
from tabgrad.interop.worker import NamedWorker, absolute
from tabgrad.program import ProgramError
from tabgrad.protocol import AnyEvent, Pause, Resume, Step, Stop, Tune
from tabgrad.settings import PRESETS, TUNABLE, RunSettings, SettingsError

from ..models.live import plain_weights
from ..models.registry import ModelRegistry, run_name
from ..models.shipped import Model
from .address import settings_in_address, write_address
from .begin_with import BeginWith
from .client import TrainClient
from .controller import Beginning, RunControl
from .form import SettingsForm
from .keep import Keep, ResumeOffer
from .origin import ARCHITECTURE, gentler, settings_like, weights_of
from .own import own_option
from .runs_table import RunsTable
from .screen import RunScreen
from .store import TrainStore
from .view import Buttons, Presets

if TYPE_CHECKING:
    from ..app import App

LEAD = (
    "Press Train, and a network learns here, in this tab and on your machine. Draw meanwhile: the network in training "
    "answers, and you see it get better."
)


class TrainPanel:
    """Builds itself in `parent`. `app` is the page: it offers models to the picker and speaks to the visitor."""

    def __init__(self, app: App, parent: dom.Element) -> None:
        self._app = app
        self._model: Model | None = None
        self._model_title = ""
        parts = dom.by_id("trainer").dataset
        first = json.dumps({"base": absolute("."), "manifest": app.manifest})
        script, config = str(parts.script), str(parts.config)
        self.client = TrainClient(lambda receive: NamedWorker(script, config, receive), first, self._hear)
        self.store = TrainStore(storage.open_storage, lambda sentence: self.screen.say(sentence, error=True))
        self.shelf = ModelRegistry(app, self.client, self.store)
        self._build(parent)
        self._control = RunControl(
            self.client,
            self.store,
            self.shelf,
            self.screen,
            TabLock("tabgrad-run"),
            changed=self._show_state,
            runs_changed=self._show_runs,
        )
        self._show_state()
        app.painters.append(self.screen.recolour)
        app.watchers.append(self._follow_model)
        self._do(self._open(str(parts.uplot)))
        page.on_hidden(lambda: self._do(self._control.save_now()))

    def _build(self, parent: dom.Element) -> None:
        dom.create("h2", parent, text="Train a network", class_="panel-title")
        dom.create("p", parent, text=LEAD, class_="lead")
        root = dom.create("div", parent, class_="train")
        left, right = dom.create("div", root, class_="train-setup"), dom.create("div", root, class_="train-run")
        self._interest = [dom.Listener(root, events, self._warm_up) for events in ("pointerenter", "focusin")]
        self._presets = Presets(left, self._use_preset)
        self._begin_with = BeginWith(left, self._choose_beginning)
        self.form = SettingsForm(left, self._edited, self._presets.show)
        self._resume = ResumeOffer(right, self._resume_run, self._forget_checkpoint)
        self._buttons = Buttons(right, self._pressed)
        self.screen = RunScreen(right, self.shelf.training)
        self._keep = Keep(right, self)
        self._runs = RunsTable(dom.create("div", parent, class_="train-runs"), self._on_run_action)

    async def _open(self, uplot: str) -> None:
        """What it takes once it is on the page: settings from the address, charts, what an earlier visit left."""
        settings, refused = settings_in_address()
        if not self._app.manifest["data"].get("mnist"):
            self.form.set_option("data", "mnist", "MNIST (not here)", enabled=False)
            if settings.data == "mnist":
                settings = replace(settings, data="strokes")
        self.form.show(settings)
        if refused:
            self.screen.say(" ".join(refused), error=True)
        try:
            await self.screen.curves.load(uplot)
        except OSError as error:
            self.screen.say(f"{error} The table still shows the curves.", error=True)
        await self.store.load()
        self._show_runs()
        self.shelf.offer_runs()
        checkpoint = await self._control.interrupted()
        self._resume.show(checkpoint)
        if checkpoint is None:  # else what is kept of a timeline is that run's
            await self._control.recall()

    def seen(self, visible: bool) -> None:
        """The panel comes into view or leaves it."""
        self.screen.seen(visible)
        if visible:
            self._do(self._offer_own())

    async def _offer_own(self) -> None:
        """The visitor may have kept drawings since the panel was last seen."""
        title, enabled = own_option(await self.store.drawings())
        self.form.set_option("data", "mine", title, enabled=enabled)

    def _warm_up(self, _event: dom.Event) -> None:
        """The visitor comes near."""
        for listener in self._interest:
            listener.remove()
        self._interest = []
        self._do(self._control.prepare(self.form.settings))

    def _use_preset(self, name: str) -> None:
        if not self._refused():
            engine = self.form.good.engine
            self._show_fresh(RunSettings.make({"engine": engine}, PRESETS[name].settings))
            write_address(self.form.good)

    def _refused(self) -> bool:
        """Whether a run is under way, whose settings are in the form and stay there; if so, says it."""
        if self._control.under_way:
            self.screen.say("Stop the run under way before choosing other settings.", error=True)
        return self._control.under_way

    def _edited(self, name: str, settings: RunSettings) -> None:
        write_address(settings)
        if self.client.running and name in TUNABLE:
            self._do(self._control.tell(Tune(values={name: settings.to_json()[name]})))

    def _pressed(self, button: str) -> None:
        if button == "start":
            self._begin()
        elif button == "step" and not self.client.running:
            self._begin(paused=True)
        elif button == "reset":
            self._do(self._control.reset())
        else:
            paused = self._control.state == "paused"
            commands = {"pause": Resume() if paused else Pause(), "step": Step(), "stop": Stop()}
            self._do(self._control.tell(commands[button]))

    def _begin(self, *, paused: bool = False, checkpoint: bytes = b"") -> None:
        try:
            settings = self.form.settings()
        except SettingsError as error:
            self.screen.say(str(error), error=True)
            return
        write_address(settings)
        self._resume.show(None)
        model = self._model if self._begin_with.network and not checkpoint else None
        self._do(self._start(settings, paused, checkpoint, model))

    async def _start(self, settings: RunSettings, paused: bool, checkpoint: bytes, model: Model | None) -> None:
        try:
            beginning = Beginning(checkpoint) if model is None else Beginning(b"", await weights_of(model), model.title)
        except EngineError as error:
            self.screen.say(f"{error} Begin with fresh weights, or pick another network.", error=True)
            return
        await self._control.start(settings, beginning, paused)

    def _follow_model(self) -> None:
        """Another network may answer now: the one to begin with."""
        model = self._app.model
        title = model.title if model is not None else ""
        if model is not self._model or title != self._model_title:
            self._model, self._model_title = model, title
            chosen = self._begin_with.network
            can = model is not None and settings_like(model, RunSettings()) is not None
            self._begin_with.offer(title, can)
            if chosen:
                self._show_beginning(self.form.good)

    def _choose_beginning(self) -> None:
        self._show_beginning(gentler(self.form.good, self._begin_with.network))
        write_address(self.form.good)

    def _show_beginning(self, settings: RunSettings) -> None:
        """The network to begin with decides the architecture."""
        if not self._begin_with.network or self._model is None:
            self._show_fresh(settings)
            return
        self.form.fix(ARCHITECTURE)
        self.form.show(settings_like(self._model, settings) or settings)

    def _show_fresh(self, settings: RunSettings) -> None:
        """Settings of a run that begins with fresh weights."""
        self._begin_with.choose_fresh()
        self.form.fix(frozenset())
        self.form.show(settings)

    def _resume_run(self, checkpoint: bytes) -> None:
        try:
            _, settings = plain_weights(checkpoint)
        except ProgramError as error:
            self.screen.say(str(error), error=True)
            return
        self._show_fresh(settings)
        self._begin(checkpoint=checkpoint)

    def _forget_checkpoint(self) -> None:
        self._do(self.store.drop_checkpoint())

    def _on_run_action(self, action: str, run_id: str) -> None:
        row = next(row for row in self.store.runs if row["id"] == run_id)
        if action == "use":
            self._do(self.shelf.pick(run_name(run_id)))
        elif action == "settings":
            if not self._refused():
                self._show_fresh(RunSettings.make(row["settings"]))
        elif action == "weights":
            self._do(self._keep.export_run(run_id))
        else:
            self._do(self._control.forget(run_id))

    def _hear(self, event: AnyEvent) -> None:
        self._control.hear(event)

    def _show_state(self) -> None:
        state = self._control.state
        self._buttons.show(state)
        self.form.follow(state)
        self._begin_with.enable(not self._control.under_way)
        self._follow_model()  # what it is called may have changed with the state

    def _show_runs(self) -> None:
        self._runs.show(self.store.runs)

    def _do(self, work: Coroutine[Any, Any, Any]) -> None:
        self._control.tasks.do(work)
