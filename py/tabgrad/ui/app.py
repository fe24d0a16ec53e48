"""The page's main program: makes the parts of the page and connects them. Decides nothing: `answering` does.

`App` is what panels see of the page (`context.PageContext`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tabgrad.backends import Device
from tabgrad.ink import Snapshot
from tabgrad.interop import dom
from tabgrad.interop.files import fetch_bytes
from tabgrad.program import Program

from .answer import AnswerView
from .answering import Answering
from .engine import open_engine
from .inspect.panels import InspectPanels
from .models import MakeModel, Model
from .models.picker import ModelPicker
from .models.registry import ModelRegistry
from .models.shipped import ShippedModels
from .pad.pad import Pad
from .prediction import Answer, Predictor, standard_input
from .status import Status
from .tabs import Tab, Tabs
from .theme import Theme


class App:
    """Everything on the page.

    `watchers` are called when model, weights, answer or ink have changed; `painters` when light and dark have, because
    canvases do not follow by themselves.
    """

    def __init__(self) -> None:
        self.manifest: dict[str, Any] = dom.manifest()
        self.latest: Answer | None = None
        self.watchers: list[Callable[[], object]] = []
        self.painters: list[Callable[[], object]] = []
        self._has_ink = False
        self._status, self._answer_view = Status(), AnswerView()
        self._predictor = Predictor(self._show, self._on_fault, self._answer_view.set_status)
        picker = ModelPicker(lambda name: asyncio.ensure_future(self._answering.use(name)))
        self._answering = Answering(
            ModelRegistry(self.manifest["models"], fetch_bytes, picker),
            self._status,
            self._predictor,
            open_engine=open_engine,
            forced=dom.query_parameter("engine"),
            show_engine=self._answer_view.show_engine,
            changed=self._tell,
        )
        self.pad = Pad(self._on_ink)
        self._theme = Theme(self._recolour)

    async def run(self) -> None:
        """Open the engine and the first model that works; afterwards the page lives on its listeners."""
        await self._answering.start()
        if self._answering.has_no_engine:
            self._answer_view.show(None, self._has_ink)
        else:
            await asyncio.sleep(0)  # ink that has waited is answered before panels are built
        self._open_panels()
        self._status.set_app("ready")

    def _open_panels(self) -> None:
        """What is below the pad. A panel is imported when it is shown: the first answer does not wait for it."""
        inspect = InspectPanels(self)
        self._tabs = Tabs([Tab("train", "Train", self._build_train), *inspect.entries()])
        inspect.follow_links(self._tabs)

    def _build_train(self, place: dom.Element) -> Callable[[bool], object]:
        from .train.panel import TrainPanel

        self._train = TrainPanel(self, place)
        return self._train.set_visible

    # ---- What panels use: `context.PageContext`

    @property
    def device(self) -> Device | None:
        """The engine that answers."""
        return self._answering.device

    @property
    def models(self) -> ShippedModels | None:
        """The shipped models on that engine."""
        return self._answering.registry.shipped

    @property
    def model(self) -> Model | None:
        """The network that answers."""
        return self._answering.model

    @property
    def weights_version(self) -> int:
        """Goes up when the network that answers gets other weights."""
        return self._answering.weights_version

    @property
    def ink(self) -> Snapshot:
        """What is on the pad."""
        return self.pad.sheet.now

    def prepare_with(self, prepare: Callable[[Snapshot], NDArray[np.float32]] | None) -> None:
        """Make the network's input from the ink in this way, None for the usual one, and answer again."""
        self._predictor.prepare = prepare or standard_input
        self._predictor.refresh()

    async def training_program(self, name: str) -> Program:
        """The "train" or "evaluate" program of the network in training. Raises ProgramError if there is none yet."""
        return await self._train.training_program(name)

    def offer(self, name: str, title: str, make: MakeModel) -> None:
        """Put a network made on this page into the model picker, in the place of an earlier one of that name."""
        self._answering.registry.offer(name, title, make)

    def rename(self, name: str, title: str) -> None:
        """Change a network's title in the model picker, if it is there."""
        self._answering.registry.rename(name, title)

    async def withdraw(self, name: str) -> None:
        """Take a network out of the model picker; if it answered, the first model takes its place."""
        await self._answering.withdraw(name)

    async def answer_with(self, name: str) -> bool:
        """Pick a model and answer with it; returns whether it worked."""
        return await self._answering.pick(name)

    def weights_changed(self) -> None:
        """The network that answers has other weights: answer again."""
        self._answering.weights_changed()

    def say(self, sentence: str) -> None:
        """Show a sentence in the status line."""
        self._status.say(sentence)

    # ---- What happens

    def _show(self, answer: Answer | None) -> None:
        self.latest = answer
        self._answer_view.show(answer, self._has_ink)
        self._tell()

    def _on_fault(self, error: Exception) -> None:
        self._answering.on_fault(error)

    def _on_ink(self, ink: Snapshot) -> None:
        self._has_ink = not ink.is_empty
        self._predictor.update(ink)
        if self.model is None:  # else the answer will tell the watchers
            if self._answering.has_no_engine and self._has_ink:
                self._answer_view.show(None, True)
            self._tell()

    def _recolour(self) -> None:
        self.pad.redraw()
        for paint in self.painters:
            paint()
        self._tell()

    def _tell(self) -> None:
        for watcher in self.watchers:
            watcher()


async def start() -> App:
    """Start the page; called once by web/main.py."""
    app = App()
    await app.run()
    return app
