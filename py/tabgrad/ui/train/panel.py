"""The training panel: puts its views on the page and connects them with the controller.

Owns the layout. The run is `controller`'s, and what it begins with `beginning`'s.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace

from tabgrad.artifacts import read_record
from tabgrad.interop import dom, page
from tabgrad.interop.storage import ask_to_persist
from tabgrad.interop.tab_lock import TabLock
from tabgrad.interop.worker import NamedWorker, absolute
from tabgrad.network import CODE
from tabgrad.protocol import AnyEvent, Evaluated, Ready
from tabgrad.settings import PRESETS, RunSettings, SettingsError
from tabgrad.storage import keys

from ..context import PageContext
from ..intro.intro import Intro
from .beginning import Beginning
from .client import TrainClient
from .console_network import ConsoleNetwork
from .controller import RunController
from .data_choice import DataChoice
from .spare import SpareWorkers
from .state import Part, RunState
from .store import TrainStore
from .trained_models import TrainedModels
from .views.announcer import Announcer
from .views.keep import KeepBar
from .views.learning import ConfusionView, CurvesView, FirstLayer, TimelineView
from .views.pill import RunPill
from .views.progress import ProgressView, ResumeOffer, RunButtons
from .views.results import UNDO, RunsTable
from .views.setup import PresetButtons
from .written import WrittenNetworks

PRESS_TRAIN = "“{}” is chosen. Press Train, and a network learns it."
NO_SOURCE_LEFT = "The code of this run is not kept any more, only that of later ones. These are its other settings."


class TrainPanel:
    """Builds itself in `parent`."""

    def __init__(self, context: PageContext, parent: dom.Element) -> None:
        self._page = context
        parts = dom.by_id("trainer").dataset
        script, config = str(parts.script), str(parts.config)
        first = json.dumps({"base": absolute("."), "manifest": context.manifest})
        self._spares = SpareWorkers(lambda receive: NamedWorker(script, config, receive), first)
        self._console_network = ConsoleNetwork(self._spares.make)
        client = TrainClient(self._console_network.make, first, self._receive)
        self._store = TrainStore(
            context.kept,
            lambda sentence: self._control.say(sentence, error=True),
            lambda sentence: self._control.take_back(sentence),  # noqa: PLW0108 - it is made later
        )
        self._models = TrainedModels(context.answering, client, self._store.weights)
        context.worker = client
        context.before_console = lambda: self._console_network.bring_back(client)
        context.training_program = self._models.training_program
        context.run_settings = lambda: self._form.with_source
        context.train_on = self._train_on
        context.sets.watchers.append(self._offer_sets)
        context.compiler = context.describer = self._written = WrittenNetworks(
            client,
            self._models,
            settings=context.run_settings,
            compiled=self._show_written,
            begin=self._train_written,
        )
        self._control = RunController(
            client,
            self._store,
            self._models,
            TabLock(keys.RUN_LOCK),
            render=self._render,
            persist=ask_to_persist,
        )
        self._control.files.may_run = self._written.has_run
        self._control.files.show_code = self._show_foreign_code
        self._do = self._control.tasks.do
        self._build(parent)
        self._renderers: Mapping[Part, Callable[[RunState], object]] = {
            "status": self._render_status,
            "message": self._progress.render_message,
            "progress": self._render_progress,
            "curves": self._curves.render,
            "announcement": self._announcer.render,
            "timeline": self._render_timeline,
            "weights": self._render_weights,
            "runs": self._render_runs,
        }
        self._render(frozenset(self._renderers))
        context.painters += [self._curves.recolour, self._first_layer.draw]
        context.watchers.append(self._beginning.follow_model)
        context.erasers.append(self._erased)
        context.run_under_way = lambda: self._control.state.under_way
        self._do(self._open(str(parts.uplot)))
        page.on_hidden(lambda: self._do(self._control.save_now()))

    def _build(self, parent: dom.Element) -> None:
        self._announcer = Announcer(parent)
        root = self._root = dom.create("div", parent, class_="train")
        self._interest = [dom.Listener(root, events, self._prepare) for events in ("pointerenter", "focusin")]
        dom.create("h2", root, text="Train a network", class_="sr-only")
        self._intro: Intro | None = None
        if not dom.stored(keys.TRAINED):
            self._intro = Intro(root, self._page, lambda: self._on_button("start"), self._page.open_panel)
        root.dataset.phase = "first" if self._intro else "work"
        self._pill = RunPill(lambda: self._on_button("pause"))
        bar = dom.create("div", root, class_="train-bar")
        self._buttons = RunButtons(bar, self._on_button)
        self._presets = PresetButtons(bar, self._use_preset)
        self._resume = ResumeOffer(root, self._resume_run, lambda: self._do(self._store.drop_checkpoint()))
        self._progress = ProgressView(dom.create("div", root, class_="train-progress"))
        more = dom.create("div")
        self._curves = CurvesView(root, more)
        self._timeline = TimelineView(root, self._control.versions.move_to)
        setup = dom.create("div", root, class_="train-setup")
        self._beginning = Beginning(self._page, setup, self._on_edited, self._presets.show)
        self._form = self._beginning.form
        self._data = DataChoice(self._page, self._form, self._store.drawings)
        self._form.show(self._data.known(self._page.address.settings()[0])[0])  # before it is painted: nothing moves
        self._back = dom.on_page("focus", lambda _event: self._do(self._data.look()))
        row = dom.create("div", root, class_="train-row")
        self._first_layer = FirstLayer(row)
        runs = dom.create("section", row, class_="train-runs train-card", aria_label="Runs")
        self._runs = RunsTable(
            runs, self._build_keep, self._on_run_action, lambda run, name: self._do(self._control.rename(run, name))
        )
        self._confusion = ConfusionView(row)
        row.appendChild(more)

    def _build_keep(self, parent: dom.Element) -> None:
        self._keep = KeepBar(parent, self._control.files, self._form.settings, self._do, self._control.say)

    async def _open(self, uplot: str) -> None:
        """What comes after the first paint: a set that the address names, charts, what an earlier visit has stored."""
        settings, refused = self._page.address.settings()
        settings, gone = await self._data.find(settings)
        if settings.data != self._form.good.data:  # a set of the visitor's, which had to be looked up
            self._form.show(settings)
        if refused or gone:
            self._control.say(" ".join([*refused, gone]).strip(), error=True)
        await self._store.load()
        self._control.offer_runs()
        if self._store.runs:
            self._turn_to_work()
        try:
            await self._curves.load(uplot)
        except OSError as error:
            self._control.say(f"{error} The table still shows the curves.", error=True)
        checkpoint = await self._control.interrupted()
        if checkpoint is None:  # else the stored timeline is that run's
            await self._control.recall()
        else:
            self._turn_to_work()
            self._resume.show(checkpoint)

    def _erased(self) -> None:
        """All that was stored is erased."""
        self._resume.hide()
        self._do(self._control.erased())

    def set_visible(self, visible: bool) -> None:
        """The panel comes into view or leaves it: pictures are drawn only while they can be seen."""
        self._curves.set_visible(visible)
        self._first_layer.set_visible(visible)
        if self._intro is not None:
            self._intro.set_visible(visible)
        if visible:
            self._do(self._data.look())

    def _offer_sets(self) -> None:
        """Data sets have come or gone. One that is chosen and gone cannot be trained on any more."""
        self._data.offer_sets()
        if not self._control.state.under_way and self._data.known(self._form.good)[1]:
            self._show_settings(self._form.with_source)

    def _train_on(self, settings: RunSettings) -> None:
        """The visitor has made or brought data to train on."""
        self._page.open_panel("train")
        if not self._refuse_during_run():
            self._turn_to_work()
            self._show_settings(settings)
            if (head := self._page.sets.heads.get(settings.data)) is not None:
                self._control.say(PRESS_TRAIN.format(head.name))
                self._do(self._control.prepare(lambda: self._form.with_source))

    def _receive(self, event: AnyEvent) -> None:
        self._written.follow(event)  # which is made after the client, as the other one
        self._console_network.follow(event)
        self._control.receive(event)
        if isinstance(event, Evaluated) or (isinstance(event, Ready) and self._written.has_run_any):
            self._do(self._spares.prepare())  # who runs code may have to stop it

    # ---- Rendering

    def _render(self, parts: frozenset[Part]) -> None:
        for part in parts:
            self._renderers[part](self._control.state)

    def _render_status(self, state: RunState) -> None:
        dataset = dom.root_dataset()
        dataset.worker = state.shown_status
        if state.status == "failed":
            dataset.error = state.message.text
        self._buttons.render(state)
        self._pill.render(state)
        if state.under_way:
            self._turn_to_work()
        self._beginning.render(state)

    def _turn_to_work(self) -> None:
        """A run begins, or an earlier visit had one: what shows a run takes the place of the introduction."""
        self._page.bench.make_room()
        if self._intro is not None:
            self._intro.set_visible(False)
            self._intro = None
            self._root.dataset.phase = "work"
            self._page.bench.begin_work_at_its_top()
            self._curves.set_visible(True)  # its width is known now
            dom.store(keys.TRAINED, "yes")

    def _render_progress(self, state: RunState) -> None:
        self._progress.render(state)
        self._pill.render(state)

    def _render_weights(self, state: RunState) -> None:
        self._first_layer.render(state)
        self._confusion.render(state)  # they say what the classes are called

    def _render_timeline(self, state: RunState) -> None:
        self._timeline.render(state)
        self._confusion.render(state)

    def _render_runs(self, _state: RunState) -> None:
        forgotten = self._store.forgotten
        self._runs.show(self._store.runs, forgotten.row if forgotten else None)

    # ---- What the visitor does

    def _prepare(self, _event: dom.Event) -> None:
        """The pointer or the focus has come near."""
        for listener in self._interest:
            listener.remove()
        self._interest = []
        self._do(self._control.prepare(self._form.settings))

    def _use_preset(self, name: str) -> None:
        if not self._refuse_during_run():
            form, preset = self._form.good, PRESETS[name].settings
            # They belong to no preset: see `PresetButtons.show`.
            self._beginning.show_fresh(
                replace(preset, engine=form.engine, data=form.data, labels=form.labels, seed=form.seed)
            )
            self._page.address.set_settings(self._form.good)

    def _refuse_during_run(self) -> bool:
        """Whether a run is under way, whose settings must stay in the form; if so, says it."""
        if self._control.state.under_way:
            self._control.say("Stop the run under way before choosing other settings.", error=True)
        return self._control.state.under_way

    def _on_edited(self, name: str, settings: RunSettings) -> None:
        self._page.address.set_settings(settings)
        self._control.tune(name, settings)

    def _on_button(self, button: str) -> None:
        if button == "start":
            self._begin()
        elif button == "step" and not self._control.state.under_way:
            self._begin(paused=True)
        elif button == "reset":
            self._console_network.forget()
            self._do(self._control.reset())
        else:
            self._control.press(button)

    def _show_written(self, settings: RunSettings) -> None:
        """A source was compiled: it is the network of the next run."""
        if not self._control.state.under_way:
            self._beginning.show_fresh(settings)
            self._page.address.set_settings(self._form.good)

    def _show_foreign_code(self, source: str) -> None:
        """Have the visitor read code that came with a file."""
        from ..code import link  # with the tab Code

        self._page.address.set_code(link.pack(source))
        self._page.open_panel("code")

    def _train_written(self, settings: RunSettings) -> None:
        self._beginning.show_fresh(settings)
        self._page.open_panel("train")
        self._begin()

    def _begin(self, *, paused: bool = False, checkpoint: bytes = b"") -> None:
        try:
            settings = self._form.settings()
        except SettingsError as error:
            self._control.say(str(error), error=True)
            return
        self._page.address.set_settings(settings)
        self._resume.hide()
        model = None if checkpoint else self._beginning.model
        self._do(self._control.start(settings, paused=paused, checkpoint=checkpoint, model=model))

    def _resume_run(self, checkpoint: bytes) -> None:
        settings = read_record(checkpoint).settings
        _, gone = self._data.known(settings)
        if gone:  # the offer stays: the visitor can bring the files again
            self._control.say(gone, error=True)
            return
        self._beginning.show_fresh(settings)
        self._begin(checkpoint=checkpoint)

    def _on_run_action(self, action: str, run_id: str) -> None:
        if action == "use":
            self._do(self._models.pick_run(run_id))
        elif action == "settings":
            row = next(row for row in self._store.runs if row["id"] == run_id)
            if not self._refuse_during_run():
                self._show_settings(RunSettings.stored(row["settings"]))
        elif action == "weights":
            self._do(self._keep.export(run_id))
        elif action == UNDO:
            self._do(self._control.undo_forget())
        else:
            self._do(self._control.forget(run_id))

    def _show_settings(self, settings: RunSettings) -> None:
        """The settings of an earlier run, or of data that the visitor has brought."""
        settings, gone = self._data.known(settings)
        if gone:
            self._control.say(gone, error=True)
        self._beginning.show_fresh(settings)
        self._page.address.set_settings(self._form.good)
        if settings.model == CODE and not settings.source:
            self._control.say(NO_SOURCE_LEFT, error=True)
