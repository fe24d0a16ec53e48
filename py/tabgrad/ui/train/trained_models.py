"""The networks that training makes, offered to the page: the one in training, finished runs, imported weights.

Owns what they are called and where their programs come from; which model answers is the page's business.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import NamedTuple, Protocol

from tabgrad.artifacts import RunRow, WeightsFile, load_weights
from tabgrad.backends import Device
from tabgrad.network import WeightsError
from tabgrad.program import Program, ProgramError, loads
from tabgrad.protocol import AnyEvent, Command, Compiled, Failed, Prepare, ShowProgram
from tabgrad.settings import RunSettings, network_name

from ..models import MakeModel, Model
from ..models.live import LiveModel

#: The names of the network in training and of an imported one in the model picker.
TRAINING, IMPORTED = "training", "imported"


class Titles(NamedTuple):
    """What a network is called in the picker, and in a sentence."""

    label: str
    title: str


DURING = Titles("In training", "The network in training")
AFTER = Titles("Just trained", "The network just trained")


class Page(Protocol):
    """What this module uses of the page (`ui.context.PageContext`)."""

    @property
    def device(self) -> Device | None:
        """The engine that answers."""

    @property
    def model(self) -> Model | None:
        """The network that answers."""

    def offer(self, name: str, title: str, make: MakeModel) -> None:
        """Put a network into the model picker."""

    def rename(self, name: str, title: str) -> None:
        """Change a network's title in the model picker, if it is there."""

    async def withdraw(self, name: str) -> None:
        """Take a network out of the model picker; the first model answers in its place."""

    async def answer_with(self, name: str) -> bool:
        """Pick a model and answer with it."""

    def weights_changed(self) -> None:
        """The network that answers has other weights."""

    def say(self, sentence: str) -> None:
        """Show a sentence in the page's status line."""


class Client(Protocol):
    """What this module uses of the worker (`client.TrainClient`)."""

    @property
    def started(self) -> bool:
        """True once a worker was asked for."""

    async def ensure(self) -> None:
        """Start the worker unless it is there. Raises RuntimeError."""

    async def ask(self, command: Command) -> AnyEvent:
        """Send a command and wait for its answer."""


class TrainedModels:
    """`training` is the network in training. It is picked as soon as it can answer.

    `stored_weights` gives the weights of a finished run by its id, None where they are no longer kept.
    """

    def __init__(self, page: Page, client: Client, stored_weights: Callable[[str], Awaitable[bytes | None]]) -> None:
        self._page, self._client, self._stored_weights = page, client, stored_weights
        self.training = LiveModel(TRAINING, DURING.title, self._on_weights)
        self._titles = DURING
        self._picking: asyncio.Task[bool] | None = None
        self._programs: dict[str, Program] = {}

    @property
    def target(self) -> str:
        """Which programs the page's engine runs, such as "wasm.simd"; empty if it has no engine."""
        device = self._page.device
        return f"{device.target}.{device.variants[0]}" if device else ""

    def _on_weights(self, is_new: bool) -> None:
        if is_new:
            self._page.offer(TRAINING, self._titles.label, self.training.make)
            self._picking = asyncio.ensure_future(self._page.answer_with(TRAINING))
        elif self.training.update_if_active(self._page.model):
            self._page.weights_changed()

    def training_begins(self, data: str) -> None:
        """A run on the data set `data` begins."""
        self._rename(DURING, data)

    def training_ended(self, record: str = "") -> None:
        """A run has ended; `record` says how well it went, as the end of a sentence, if it came to a result."""
        self._rename(AFTER)
        if record and self.training.is_active(self._page.model):
            self._page.say(f"{self.training.title} answers now: {record}.")

    def _rename(self, titles: Titles, data: str = "") -> None:
        self._titles = titles
        self.training.describe(titles.title, data)
        self._page.rename(TRAINING, titles.label)

    def offer_runs(self, rows: Sequence[RunRow]) -> None:
        """Put finished runs whose weights are kept into the picker."""
        for row in rows:
            title = f"Run {row['number']}"
            self._page.offer(model_name(row["id"]), title, partial(self._make_run, row, title))

    async def pick_run(self, run_id: str) -> None:
        """Answer with the network of a finished run."""
        await self._page.answer_with(model_name(run_id))

    async def withdraw_run(self, run_id: str) -> None:
        """A run was forgotten."""
        await self._page.withdraw(model_name(run_id))

    async def _make_run(self, row: RunRow, title: str, device: Device) -> Model:
        weights = await self._stored_weights(row["id"])
        if weights is None:
            raise WeightsError("The weights of this run are no longer kept: only the latest runs' are.")
        settings = RunSettings.make(row["settings"])
        network = LiveModel(model_name(row["id"]), title)
        network.describe(title, settings.data)
        network.set_program(await self.program(settings))
        network.set_weights(load_weights(weights))
        return await network.make(device)

    async def bring_back(self, program: bytes, weights: WeightsFile, data: str) -> None:
        """The network of a run that ended before a reload takes the place of the one in training, and answers."""
        self._rename(AFTER, data)
        self.training.set_program(program)
        self.training.set_weights(weights)
        if self._picking is not None:
            await self._picking

    async def offer_file(self, content: bytes) -> None:
        """A weights file becomes a model of its own, and answers. Raises WeightsError, ProgramError, EngineError."""
        weights = load_weights(content)
        settings = weights.settings
        network = LiveModel(IMPORTED, f"Imported {network_name(settings)}")
        network.set_program(await self.program(settings))
        network.set_weights(weights)
        if self._page.device is None:
            raise ProgramError("There is no engine that could run it.")
        ready: list[Model] = [await network.make(self._page.device)]  # a file that does not fit is refused here

        async def make(device: Device) -> Model:
            return ready.pop() if ready and device is self._page.device else await network.make(device)

        self._page.offer(IMPORTED, network.title, make)
        await self._page.answer_with(IMPORTED)

    async def training_program(self, name: str) -> Program:
        """The "train" or "evaluate" program of the network in training, to read. Raises ProgramError if there is none.

        The same object until `forget_programs`.
        """
        if name not in self._programs:
            if not self._client.started:
                raise ProgramError("No network has been trained in this tab yet: press Train.")
            self._programs[name] = loads(await self._ask_for_program(ShowProgram(name=name)))
        return self._programs[name]

    def forget_programs(self) -> None:
        """Another network is in training."""
        self._programs.clear()

    async def program(self, settings: RunSettings) -> bytes:
        """The inference program of a network from the worker, which may have to be started. Raises ProgramError."""
        try:
            await self._client.ensure()
        except RuntimeError as error:
            raise ProgramError(str(error)) from error
        return await self._ask_for_program(Prepare(settings=settings.to_json(), answer_target=self.target))

    async def _ask_for_program(self, command: Command) -> bytes:
        answer = await self._client.ask(command)
        if isinstance(answer, Compiled):
            return answer.program
        raise ProgramError(answer.message if isinstance(answer, Failed) else "The worker gave no program.")


def model_name(run_id: str) -> str:
    """A finished run's name in the model picker."""
    return f"run-{run_id}"
