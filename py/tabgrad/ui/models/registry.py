"""The networks made on this page, in the model picker: the one in training, saved runs, imported weights.

Owns what the picker offers of them and where their programs come from. Knows the worker only as a client.
"""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING, Any

from tabgrad.backends.base import Device
from tabgrad.network import load_safetensors
from tabgrad.program import Program, ProgramError, loads
from tabgrad.protocol import Compiled, Failed, Prepare, ShowProgram
from tabgrad.settings import RunSettings

from ..train.client import TrainClient
from ..train.data import network_name
from ..train.store import KEPT_WEIGHTS, TrainStore
from .live import LiveModel, settings_of
from .shipped import Model

if TYPE_CHECKING:
    from ..app import App

#: The picker's value for the network in training, and for one from a file.
TRAINING, IMPORTED = "training", "imported"
#: What the network of the latest run is called, in the picker and in sentences: during the run, and after it.
DURING = ("In training", "The network in training")
AFTER = ("Just trained", "The network just trained")


class ModelRegistry:
    """`training` is the network in training; it is picked by itself as soon as it can answer."""

    def __init__(self, app: App, client: TrainClient, store: TrainStore) -> None:
        self._app, self._client, self._store = app, client, store
        self.training = LiveModel(TRAINING, DURING[1], self._changed)
        self._label = DURING[0]
        self._picking: asyncio.Task[None] | None = None
        self._shown: dict[str, Program] = {}

    @property
    def target(self) -> str:
        """Which programs the page's engine runs, "wasm.simd"; empty if it has no engine."""
        device = self._app.device
        return f"{device.target}.{device.variants[0]}" if device else ""

    async def pick(self, name: str) -> None:
        """Answer with a model from now on."""
        self._app.picker.pick(name)
        await self._app.use(name)

    def _changed(self, network: LiveModel, another: bool) -> None:
        if another:
            self._app.offer(network.name, self._label, network.make)
            self._picking = asyncio.ensure_future(self.pick(network.name))
        elif network.answers_as(self._app.model):
            self._app.weights_changed()

    def training_begins(self, data: str) -> None:
        """A run on the data set `data` begins."""
        self._call(DURING, data)

    def training_ended(self, record: str = "") -> None:
        """A run has ended; `record` says how well it went, as the end of a sentence, if it came to a result."""
        self._call(AFTER)
        if record and self.training.is_model(self._app.model):
            self._app.status.say(f"{self.training.title} answers now: {record}.")

    def _call(self, names: tuple[str, str], data: str = "") -> None:
        self._label, title = names
        self.training.describe(title, data)
        if TRAINING in self._app.made:
            self._app.picker.offer(TRAINING, self._label)

    def offer_runs(self) -> None:
        """Put the saved runs into the picker."""
        for row in self._store.runs[:KEPT_WEIGHTS]:
            title = f"Run {row['number']}"
            self._app.offer(run_name(row["id"]), title, partial(self._make_run, row, title))

    async def withdraw_run(self, run_id: str) -> None:
        """A run was forgotten. If its network answered, the first model does."""
        name, model = run_name(run_id), self._app.model
        self._app.made.pop(name, None)
        self._app.picker.withdraw(name)
        if model is not None and model.name == name:
            await self.pick(self._app.picker.names[0])

    async def _make_run(self, row: dict[str, Any], title: str, device: Device) -> Model:
        weights = await self._store.weights(row["id"])
        if weights is None:
            raise ProgramError("The weights of this run are no longer kept: only the latest runs' are.")
        network = LiveModel(run_name(row["id"]), title, lambda _network, _another: None)
        settings = RunSettings.make(row["settings"])
        network.describe(title, settings.data)
        network.set_program(await self.program(settings))
        network.set_weights(weights)
        return await network.make(device)

    async def bring_back(self, program: bytes, weights: bytes, data: str) -> None:
        """The network of a run that ended before a reload takes the place of the one in training, and answers."""
        self._call(AFTER, data)
        self.training.set_program(program)
        self.training.set_weights(weights)
        if self._picking is not None:
            await self._picking

    async def offer_file(self, content: bytes) -> None:
        """A weights file becomes a model of its own, and answers. Raises ProgramError."""
        settings = settings_of(*load_safetensors(content))
        network = LiveModel(IMPORTED, f"Imported {network_name(settings)}", lambda _network, _another: None)
        network.set_program(await self.program(settings))
        network.set_weights(content)
        if self._app.device is None:
            raise ProgramError("There is no engine that could run it.")
        await network.make(self._app.device)  # a file that does not fit is refused here, before it is offered
        self._app.offer(IMPORTED, network.title, network.make)
        await self.pick(IMPORTED)

    async def training_program(self, name: str) -> Program:
        """The "train" or "evaluate" program of the network in training, to read. Raises ProgramError if there is none.

        The same object until `forget_programs`.
        """
        if name not in self._shown:
            if not self._client.started:
                raise ProgramError("No network has been trained in this tab yet: press Train.")
            answer = await self._client.ask(ShowProgram(name=name))
            if not isinstance(answer, Compiled):
                raise ProgramError(answer.message if isinstance(answer, Failed) else "The worker gave no program.")
            self._shown[name] = loads(answer.program)
        return self._shown[name]

    def forget_programs(self) -> None:
        """Another network is in training."""
        self._shown.clear()

    async def program(self, settings: RunSettings) -> bytes:
        """The inference program of a network from the worker, which may have to be started. Raises ProgramError."""
        try:
            await self._client.ensure()
        except RuntimeError as error:
            raise ProgramError(str(error)) from error
        answer = await self._client.ask(Prepare(settings=settings.to_json(), answer_target=self.target))
        if isinstance(answer, Compiled):
            return answer.program
        raise ProgramError(answer.message if isinstance(answer, Failed) else "The worker gave no program.")


def run_name(run_id: str) -> str:
    """A saved run's value in the picker."""
    return f"run-{run_id}"
