"""The networks that training makes, as models that can answer: the one in training, finished runs, imported weights.

Owns what they are called, where their programs come from, and what a run that begins with a model's weights looks
like. Which model answers is decided by `ui.answering`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from functools import partial

from tabgrad.artifacts import RunRow, WeightsFile, load_weights
from tabgrad.backends import Device
from tabgrad.network import CODE, WeightsError, spec_of
from tabgrad.program import Program, ProgramError, loads
from tabgrad.protocol import Command, Compiled, Failed, Prepare, ShowProgram
from tabgrad.settings import RunSettings, network_name, settings_for

from ..answering import Answering
from ..models import Model
from ..models.live import LiveModel
from ..widgets.labels import entry
from .client import TrainClient

#: The names of the network in training and of an imported one in the model picker.
TRAINING, IMPORTED = "training", "imported"
#: A network that has learned takes smaller steps. On turned generated digits the shipped MLP learned the new style as
#: well with a tenth of the usual rate, and still read 96 % of the straight ones: 42 % with all of it.
FINE_TUNING_DIVISOR = 10


class TrainedModels:
    """`training` is the network in training. It is picked as soon as it can answer.

    `stored_weights` gives the weights of a finished run by its id, None where they are no longer kept.
    """

    def __init__(
        self, answering: Answering, client: TrainClient, stored_weights: Callable[[str], Awaitable[bytes | None]]
    ) -> None:
        self._answering, self._client, self._stored_weights = answering, client, stored_weights
        self._label = "In training"  # in the model picker
        self._name = ""  # of a network that the visitor wrote
        self._version = ""  # which entry of the timeline answers, empty for the newest weights
        self.training = LiveModel(TRAINING, f"The network {self._label.lower()}")
        self._picking: asyncio.Task[None] | None = None
        self._programs: dict[str, Program] = {}

    @property
    def target(self) -> str:
        """Which programs the page's engine runs, such as "wasm.simd"; empty if it has no engine."""
        device = self._answering.device
        return f"{device.target}.{device.variants[0]}" if device else ""

    @property
    def title(self) -> str:
        """What the network in training is called, whichever of its versions answers."""
        return self._name or f"The network {self._label.lower()}"

    @property
    def _entry(self) -> str:
        """The same in the model picker."""
        return self._name or self._label

    def set_weights(self, weights: WeightsFile) -> None:
        """Newer weights of the network in training. Raises WeightsError."""
        if self.training.set_weights(weights):
            self._answering.registry.offer(TRAINING, entry(self._entry, self.training.labels), self.training.make)
            self._pick_training()
        elif self.training.update_if_active(self._answering.model):
            self._answering.weights_changed()

    def training_begins(self, settings: RunSettings) -> None:
        """A run begins."""
        self._version = ""
        self._take_name(settings)
        self._rename("In training", settings.data)

    def _take_name(self, settings: RunSettings) -> None:
        """A network of the form is called by what becomes of it; one that the visitor wrote has a name of its own."""
        self._name = network_name(settings) if settings.model == CODE else ""

    def training_ended(self, accuracy: str = "") -> bool:
        """A run has ended; `accuracy` says how well it does, as the end of a sentence; empty without a result.

        Returns whether the status line says so: only if the network as it is now is the one that answers.
        """
        self._rename("Just trained")
        answers = self.training.is_active(self._answering.model) and not self._version
        if accuracy and answers:
            self._answering.say(f"{self.training.title} answers now: {accuracy}.")
        return bool(accuracy) and answers

    def training_discarded(self) -> None:
        """The run was thrown away before its end. What it had learned answers until another model is picked."""
        self._rename("Left unfinished")
        if self.training.is_active(self._answering.model):
            self._answering.say(f"The run is gone. {self.training.title} answers until you choose another one.")

    def show_version(self, version: str, sentence: str = "", *, pick: bool = True) -> None:
        """Another entry of the timeline answers, called `version`; empty for the newest weights.

        `sentence` is for the status line. If another model answers, the network in training is picked again if `pick`.
        """
        self._version = version
        self._rename(self._label)
        if self.training.is_active(self._answering.model):
            self._answering.say(sentence or f"{self.training.title} answers now.")
        elif pick and self.training.can_answer and (self._picking is None or self._picking.done()):
            self._pick_training(sentence)

    def _pick_training(self, sentence: str = "") -> None:
        self._picking = asyncio.ensure_future(self._use_training(sentence))

    async def _use_training(self, sentence: str) -> None:
        if await self._answering.pick(TRAINING, quietly=True) and sentence:
            self._answering.say(sentence)

    def _rename(self, label: str, data: str = "") -> None:
        self._label = label
        title, label_now = self.title, self._entry
        if self._version:
            title, label_now = f"{title} ({self._version})", f"{label_now}, {self._version}"
        self.training.describe(title, data)
        self._answering.registry.rename(TRAINING, entry(label_now, self.training.labels))

    def offer_runs(self, rows: Sequence[RunRow]) -> None:
        """Put finished runs whose weights are kept into the picker."""
        for row in rows:
            title = f"Run {row['number']}" + (f": {row['name']}" if "name" in row else "")
            listed = entry(title, RunSettings.stored(row["settings"]).alphabet)
            self._answering.registry.offer(model_name(row["id"]), listed, partial(self._make_run, row, title))

    async def pick_run(self, run_id: str) -> None:
        """Answer with the network of a finished run."""
        await self._answering.pick(model_name(run_id))

    async def withdraw_run(self, run_id: str) -> None:
        """A run was forgotten."""
        await self._answering.withdraw(model_name(run_id))

    async def _make_run(self, row: RunRow, title: str, device: Device) -> Model:
        weights = await self._stored_weights(row["id"])
        if weights is None:
            raise WeightsError("The weights of this run are gone: the page keeps those of your latest runs only.")
        settings = RunSettings.stored(row["settings"])
        network = LiveModel(model_name(row["id"]), title, settings.data, settings.alphabet)
        network.set_program(await self.program(settings))
        network.set_weights(load_weights(weights))
        return await network.make(device)

    async def bring_back(self, program: bytes, weights: WeightsFile, settings: RunSettings) -> None:
        """The network of a run that ended before a reload takes the place of the one in training, and answers."""
        self._take_name(settings)
        self._rename("Just trained", settings.data)
        self.training.set_program(program)
        self.set_weights(weights)
        if self._picking is not None:
            await self._picking

    async def offer_written(self, network: LiveModel) -> None:
        """A network that was compiled and has learned nothing becomes a model of its own, and answers."""
        label = entry(f"{network.title}, untrained", network.labels)
        self._answering.registry.offer(network.name, label, network.make)
        await self._answering.pick(network.name)

    async def offer_file(self, weights: WeightsFile) -> None:
        """A weights file becomes a model of its own, and answers. Raises WeightsError, ProgramError, EngineError."""
        settings = weights.settings
        data = settings.data if settings.labels else ""  # of digits, nobody knows which ones they were
        network = LiveModel(IMPORTED, f"Imported {network_name(settings)}", data, settings.alphabet)
        network.set_program(await self.program(settings))
        network.set_weights(weights)
        made_on = self._answering.device
        if made_on is None:
            raise ProgramError("There is no engine that could run it.")
        ready: list[Model] = [await network.make(made_on)]  # a file that does not fit is refused here

        async def make(device: Device) -> Model:
            return ready.pop() if ready and device is made_on else await network.make(device)

        self._answering.registry.offer(IMPORTED, entry(network.title, network.labels), make)
        await self._answering.pick(IMPORTED)

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


def settings_like(model: Model, settings: RunSettings) -> RunSettings | None:
    """`settings` with the architecture of `model`; None if the worker cannot build that network."""
    shapes = {buffer.name: buffer.shape for buffer in model.executable.program.by_role("weight")}
    try:
        return settings_for(spec_of(model.card, shapes), settings)
    except KeyError:
        return None


def with_usual_rate(settings: RunSettings, fine_tuning: bool) -> RunSettings:
    """The learning rate that suits fresh or trained weights, unless the visitor has chosen one."""
    fresh = settings.optimizer_row.usual_rate
    usual, other = (fresh / FINE_TUNING_DIVISOR, fresh) if fine_tuning else (fresh, fresh / FINE_TUNING_DIVISOR)
    return replace(settings, lr=usual) if settings.lr == other else settings
