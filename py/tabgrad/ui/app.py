"""The page's main program: opens an engine, loads a model, and connects pad, predictor and answer.

Owns what happens in a fault: one sentence in the status line, and everything else keeps working.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tabgrad.backends.base import Device, DeviceLostError, EngineError
from tabgrad.backends.engines import ENGINE_TITLES, MAX_REOPENED, EngineChoice, fallback_engine
from tabgrad.ink import Snapshot
from tabgrad.interop import dom
from tabgrad.interop.files import fetch_bytes
from tabgrad.program import Program

from .answer import AnswerView
from .engine import open_engine
from .faults import FAULTS
from .models.picker import Picker
from .models.shipped import MakeModel, Model, ShippedModels, ShippedPrograms
from .pad.pad import Pad
from .prediction import Answer, Predictor, standard_input
from .status import Status
from .tabs import Tab, Tabs
from .theme import Theme

#: What to do where no engine runs.
BROWSERS = "try a current Chrome, Edge, Firefox or Safari"


class App:
    """Everything on the page. Tabs find what they need here."""

    def __init__(self) -> None:
        self.manifest: dict[str, Any] = dom.manifest()
        self.device: Device | None = None
        self.models: ShippedModels | None = None
        self.model: Model | None = None
        self.status = Status()
        self.answer = AnswerView()
        self.latest: Answer | None = None
        self._inked = self._engine_failed = False
        self.weights_version = 0  # goes up when the network that answers gets other weights
        self.watchers: list[Callable[[], object]] = []  # told when anything of this, or the ink, has changed
        self.predictor = Predictor(self._show, self._on_prediction_fault, self.answer.stand)
        self.painters: list[Callable[[], object]] = []  # told when light and dark change: canvases do not follow
        self.pad = Pad(self._on_ink)
        self.theme = Theme(self._recolour)
        self.picker = Picker(lambda name: asyncio.ensure_future(self.use(name)))
        self._programs = ShippedPrograms(self.manifest["models"], fetch_bytes)
        self.made: dict[str, MakeModel] = {}  # networks made on this page, by their value in the picker
        self._reopened, self._fell_back = 0, False
        self._recovery: asyncio.Task[None] | None = None

    async def run(self) -> None:
        """Open the engine and the first model that works; afterwards the page lives on its listeners."""
        forced = dom.query_parameter("engine")
        try:
            await self._open(forced)
        except EngineError as error:
            self._engine_failed = True
            way_out = f"without ?engine={forced} in the address it looks for another engine" if forced else BROWSERS
            self.status.fail(f"{error} This page can take ink but not answer it: {way_out}.")
            self.answer.show(None, self._inked)
        else:
            await self._use_any()
            if self.model is None and self._may_fall_back:
                await self._fall_back(dom.data(dom.root(), "error"))
            await asyncio.sleep(0)  # ink that has waited is answered before panels are built
        self._open_panels()
        self.status.set_app("ready")

    def _open_panels(self) -> None:
        """What is below the stage; imported when shown, so that the first answer need not wait for it."""
        from .inspect.workshop import InspectPanels

        self.workshop = InspectPanels(self)
        self.panels = Tabs([Tab("train", "Train", self._build_train), *self.workshop.entries()])
        self.workshop.follow_links(self.panels)

    def _build_train(self, place: dom.Element) -> Callable[[bool], object]:
        from .train.panel import TrainPanel

        self.train = TrainPanel(self, place)
        return self.train.seen

    @property
    def ink(self) -> Snapshot:
        """What is on the pad."""
        return self.pad.sheet.now

    def prepare_with(self, prepare: Callable[[Snapshot], NDArray[np.float32]] | None) -> None:
        """Make the network's input from the ink in this way, None for the usual one, and answer again."""
        self.predictor.prepare = prepare or standard_input
        self.predictor.refresh()

    async def training_program(self, name: str) -> Program:
        """The "train" or "evaluate" program of the network in training. Raises ProgramError if there is none yet."""
        return await self.train.shelf.training_program(name)

    def offer(self, name: str, title: str, make: MakeModel) -> None:
        """Put a network made on this page into the model picker, in the place of an earlier one of that name."""
        self.made[name] = make
        self.picker.offer(name, title)

    def weights_changed(self) -> None:
        """The network that answers has other weights: answer again."""
        self.weights_version += 1
        self.predictor.refresh()
        self._tell()

    def _show(self, answer: Answer | None) -> None:
        self.latest = answer
        self.answer.show(answer, self._inked)
        self._tell()

    def _recolour(self) -> None:
        self.pad.redraw()
        for paint in self.painters:
            paint()
        self._tell()

    def _tell(self) -> None:
        for watcher in self.watchers:
            watcher()

    async def use(self, name: str) -> bool:
        """Answer with the model called `name`. On a fault the one before stays; returns whether it worked."""
        if self.models is None:
            return False
        title = self.picker.title_of(name)
        self.status.say(f"Loading {title} …")
        try:
            model = await self.models.get(name)
        except FAULTS as error:
            other = f" {self.model.title} still works." if self.model else ""
            self.status.fail(f"{title} cannot be used: {error}{other}")
            if self.model:
                self.picker.pick(self.model.name)
            return False
        if name == self.picker.name:  # the visitor may have picked another one meanwhile
            self.model = model
            self.predictor.use(model)
            self._tell()
            self.status.say(f"{model.title} is ready{model.record}.")
        return True

    async def _open(self, wanted: str) -> None:
        choice = await open_engine(wanted, self._programs, self.picker.name)
        self.device = choice.device
        self.models = ShippedModels(self.manifest["models"], self._programs, choice.device, fetch_bytes, self.made)
        self.answer.show_engine(choice)

    async def _use_any(self) -> None:
        """The picked model, or else the first one that works, with the reason why it is another."""
        for name in [self.picker.name, *(n for n in self.picker.names if n != self.picker.name)]:
            picked, failed = self.picker.name, dom.data(dom.root(), "error")
            self.picker.pick(name)
            if await self.use(name):
                self.picker.enable()
                if failed:
                    self.status.fail(f"{failed} {name.upper()} answers instead.")
                return
            self.picker.pick(picked)

    def _on_ink(self, ink: Snapshot) -> None:
        self._inked = not ink.is_empty
        self.predictor.update(ink)
        if self.model is None:  # else its answer tells
            if self._engine_failed and self._inked:
                self.answer.show(None, True)
            self._tell()

    def _on_prediction_fault(self, error: Exception) -> None:
        if isinstance(error, DeviceLostError) and self._reopened < MAX_REOPENED:
            self._reopened += 1
            self._recovery = asyncio.ensure_future(self._reopen(error))
            return
        if isinstance(error, EngineError) and self._may_fall_back:
            self._recovery = asyncio.ensure_future(self._fall_back(str(error)))
            return
        sentence = (
            str(error) if isinstance(error, FAULTS) else f"The prediction failed ({type(error).__name__}: {error})."
        )
        self.status.fail(f"{sentence} Your drawing is kept; reload the page to try again.")

    async def _reopen(self, error: DeviceLostError) -> None:
        """After the loss of the device: a new one, the same model, the same ink."""
        name = self.model.name if self.model else self.picker.name
        if await self._open_another(dom.query_parameter("engine"), f"{error} Opening it again …"):
            await self.use(name)

    @property
    def _may_fall_back(self) -> bool:
        """Once, and not where the address names the engine."""
        return self.device is not None and not self._fell_back and not dom.query_parameter("engine")

    async def _fall_back(self, why: str) -> None:
        """Go on with the other engine: the same ink, and the same model if it can run there."""
        assert self.device is not None
        self._fell_back = True
        failed, other = self.device.name, fallback_engine(self.device.name)
        assert other is not None
        if await self._open_another(other, f"{why} Trying {ENGINE_TITLES[other]} …"):
            self.answer.show_engine(EngineChoice(self.device, f"{ENGINE_TITLES[failed]} failed here"))
            await self._use_any()
            if self.model:
                self.status.fail(f"{why} {self.model.title} on {ENGINE_TITLES[other]} answers instead.")

    async def _open_another(self, wanted: str, announcement: str) -> bool:
        """Leave the engine for another one; returns whether it opened. Until a model is in use nothing answers."""
        self.status.fail(announcement)
        self.model = None
        self.predictor.use(None)
        try:
            await self._open(wanted)
        except EngineError as fault:
            self.status.fail(f"{fault} Your drawing is kept; reload the page to try again.")
            return False
        return True


async def start() -> App:
    """Start the page; called once by web/main.py."""
    app = App()
    await app.run()
    return app
