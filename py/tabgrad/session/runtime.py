"""What the worker has loaded: the engine, and a network on it. It outlives a run, so that the next one starts at once.

Owns devices and loaded networks. Commands and the life of a run are `host` and `run`.
"""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable
from dataclasses import replace

from tabgrad.alphabet import compared
from tabgrad.artifacts import save_weights
from tabgrad.backends import Device, EngineError
from tabgrad.backends.engines import EngineChoice
from tabgrad.data import DataError, RunData
from tabgrad.data.catalogue import DataSets
from tabgrad.incoming import quoted
from tabgrad.interop.clock import now_s
from tabgrad.network import (
    CODE,
    Tensors,
    check_shapes,
    frozen_names,
    load_safetensors,
    mentions,
    shapes_of,
    spec_shapes,
)
from tabgrad.program import Program, ProgramError, dumps
from tabgrad.protocol import AnyEvent, Assist, Assisted, Busy, Compiled, Compiling, Ready, Written
from tabgrad.settings import RunSettings, training_spec

from .network import FirstValuesError, LoadedNetwork, beginning, first_values, load_network
from .pace import Emit
from .plan import answer_request, evaluation_request, initial_request, training_request
from .programs import MAX_COMPILE_S, MAX_WRITTEN_COMPILE_S, ProgramLibrary
from .written import Augment

#: Opens "auto" or an engine by its name. Raises EngineError if that engine cannot be opened.
OpenEngine = Callable[[str], Awaitable[EngineChoice]]
#: Gives the weights file of the site's CNN. Raises DataError or OSError with one sentence if there is none.
FetchFeatures = Callable[[], Awaitable[bytes]]


async def no_features() -> bytes:
    """For a site without the CNN."""
    raise DataError("This site was built without CNN, so a network cannot start from its features: choose “Scratch”.")


class Runtime:
    """One device at a time, and at most one network on it. `emit` gets events for the page."""

    def __init__(
        self,
        open_engine: OpenEngine,
        programs: ProgramLibrary,
        data_sets: DataSets,
        emit: Emit,
        fetch_features: FetchFeatures = no_features,
    ) -> None:
        self._open_engine, self._programs, self._data_sets, self._emit = open_engine, programs, data_sets, emit
        self._fetch_features = fetch_features
        self._opened: tuple[str, EngineChoice] | None = None
        self._network: tuple[str, LoadedNetwork] | None = None

    @property
    def engine(self) -> str:
        """The name of the open engine; empty if none is open."""
        return self._opened[1].device.name if self._opened else ""

    async def data(self, settings: RunSettings) -> RunData:
        """The data set of `settings`. Raises OSError, or DataError, also if its classes are not those of `settings`."""
        data = await self._data_sets.open(settings.data)
        if data.alphabet != settings.alphabet:
            one, other = compared(settings.alphabet, data.alphabet)
            raise DataError(
                f"The network tells {one} apart, and the data has {other}: choose data with the same classes, or press "
                "Train for a new network."
            )
        return data

    async def device(self, choice: str) -> Device:
        """The engine for the setting `engine`, opened if it is not open. Raises EngineError."""
        if self._opened is None or self._opened[0] != choice:
            self.close()
            self._opened = (choice, await self._open_engine(choice))
        return self._opened[1].device

    async def network(self, settings: RunSettings) -> LoadedNetwork:
        """A network for `settings`, its contents undefined. Raises ProgramError, SourceError, EngineError, OSError."""
        device = await self.device(settings.engine)
        variant = device.variants[0]
        requests = [make(settings, device.target, variant) for make in (training_request, evaluation_request)]
        key = " ".join(request.stem for request in requests)
        if self._network is None or self._network[0] != key:
            self.unload()
            if settings.model == CODE:
                requests.append(initial_request(settings, device.target, variant))
            programs = [await self._programs.get(request, self._emit) for request in requests]
            self._network = (key, await load_network(device, *programs))
        return self._network[1]

    async def features(self, settings: RunSettings) -> Tensors:
        """The weights that a run starts from and keeps: those of the site's CNN. None, for a run from scratch.

        Raises DataError, OSError, or WeightsError if they are no weights of that network.
        """
        spec = training_spec(settings)
        names = frozen_names(spec)
        if not names:
            return {}
        found, _ = load_safetensors(await self._fetch_features())
        kept = {name: tensor for name, tensor in found.items() if name in names}
        shapes = spec_shapes(spec) or {}
        check_shapes({name: shapes[name] for name in names}, shapes_of(kept))
        return kept

    async def written(self, settings: RunSettings, answer_target: str) -> Written:
        """What the page needs to answer with the network that the source of `settings` writes.

        Raises ProgramError, SourceError, EngineError or OSError.
        """
        begun = now_s()
        await self._programs.load_compiler()
        from tabgrad import model

        self._emit(Busy(what="Python runs your code", seconds=MAX_WRITTEN_COMPILE_S))
        description = model.describe(settings.source, len(settings.alphabet))
        target, _, variant = answer_target.partition(".")
        infer = await self._programs.get(answer_request(settings, target, variant), self._emit)
        device = self._opened[1].device if self._opened else await self.device(settings.engine)
        request = initial_request(settings, device.target, device.variants[0])
        init = await self._programs.get(request, self._emit)
        try:
            first = await first_values(device, init, settings.seed)
        except FirstValuesError as error:
            line = model.line_of_tensor(settings.source, error.tensor)
            raise FirstValuesError(error.tensor, line) from error
        values = beginning(infer, first, settings.seed)
        return Written(
            description=description.to_json(),
            program=dumps(infer).encode(),
            weights=save_weights(values, settings),
            seconds=now_s() - begun,
        )

    async def assist(self, asked: Assist) -> Assisted:
        """What can be typed at a place of a source, or what the name there is. Raises OSError without the compiler."""
        if "tabgrad.model" not in sys.modules:
            self._emit(Busy(what="", seconds=MAX_COMPILE_S))  # nobody waits for it: there is nothing to say
        await self._programs.load_compiler()
        from tabgrad import model

        place = asked.source, asked.line, asked.column
        if not asked.hover:
            return Assisted(options=[{**option} for option in model.complete(*place)])
        hint = model.hover(*place)
        return Assisted(**hint) if hint else Assisted()

    async def augmentation(self, settings: RunSettings) -> Augment | None:
        """The augmentation of a written network's source; None if it has none. Raises SourceError or OSError."""
        if settings.model != CODE or not mentions(settings.source, "augment"):
            return None
        await self._programs.load_compiler()
        from tabgrad import model

        return model.augmentation(settings.source)

    def announce(self, data: RunData, reply_to: int = 0) -> None:
        """Tell the page which engine and data are in use."""
        if self._opened is None:
            raise EngineError("No engine is open.")
        choice = self._opened[1]
        self._emit(
            Ready(
                reply_to=reply_to,
                engine=choice.device.name,
                description=choice.device.description,
                reason=choice.reason,
                data=data.description,
            )
        )

    async def answer_program(
        self, settings: RunSettings, target_variant: str, reply_to: int = 0, name: str = "infer"
    ) -> None:
        """Send a program of the network for the page's own engine ("wasm.simd"), the inference program by default.

        Raises ProgramError, or SourceError.
        """
        target, _, variant = target_variant.partition(".")
        request = answer_request(settings, target, variant, name)

        def only_signs_of_life(event: AnyEvent) -> None:
            if isinstance(event, Busy) and name != "infer":
                self._emit(replace(event, what=""))  # it is said where the page looks inside, not beside the run
            elif isinstance(event, Busy | Compiling):
                self._emit(event)

        self._send(name, await self._programs.get(request, only_signs_of_life), reply_to)

    def show_program(self, name: str, reply_to: int) -> None:
        """Send the "train" or the "evaluate" program of the network that is loaded. Raises ProgramError."""
        if self._network is None:
            raise ProgramError("No network has been trained in this tab yet: press Train.")
        network = self._network[1]
        executables = {"train": network.train, "evaluate": network.evaluate}
        if name not in executables:
            raise ProgramError(f"A network in training has no program {quoted(name)}.")
        self._send(name, executables[name].program, reply_to)

    def _send(self, name: str, program: Program, reply_to: int) -> None:
        content, count = dumps(program).encode(), len(program.kernels)
        self._emit(Compiled(reply_to=reply_to, name=name, source="", seconds=0.0, kernels=count, program=content))

    def has(self, network: LoadedNetwork) -> bool:
        """Whether this network is loaded still."""
        return self._network is not None and self._network[1] is network

    def unload(self) -> None:
        """Free the network."""
        if self._network is not None:
            self._network[1].destroy()
            self._network = None

    def close(self) -> None:
        """Free everything on the device, and the device; the next use opens one anew."""
        self.unload()
        if self._opened is not None:
            self._opened[1].device.destroy()
            self._opened = None
