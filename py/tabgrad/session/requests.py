"""Commands on a network while no steps are in flight: measure it, export its weights, import others.

Owns what these do to the weights of a run, which is nothing but on Import. When they may act is `host`'s affair.
"""

from __future__ import annotations

from asyncio import sleep
from collections.abc import Callable

from tabgrad.artifacts import checkpoint
from tabgrad.program import ProgramError
from tabgrad.protocol import Accepted, AnyEvent, Evaluate, Export, Exported, Import
from tabgrad.settings import RunSettings

from .effort import announcer
from .evaluation import Evaluation, evaluate, evaluation_pace
from .network import LoadedNetwork
from .run import Run
from .runtime import Runtime


class Requests:
    """Answers through `send`. Raises what goes wrong: ProgramError, DataError, SettingsError, EngineError, OSError."""

    def __init__(self, workshop: Runtime, send: Callable[[AnyEvent], None]) -> None:
        self._workshop, self._send = workshop, send

    async def answer(self, command: Evaluate | Export | Import, run: Run | None, idle: bool = False) -> None:
        """Act on the network of `run`; with `idle`, a weights file may also bring a network of its own."""
        if isinstance(command, Evaluate):
            if idle and command.weights and not await self._fits(run, command.weights):
                result = await self._measure_file(command)
            else:
                result = await self._measure(command, _of(run))
            self._send(result.event(command.split, reply_to=command.id))
        elif isinstance(command, Export):
            trainer = _of(run).require_trainer()
            if command.checkpoint:
                data = await trainer.pack()
            else:
                data = checkpoint.export_weights(await trainer.network.weights(), trainer.record)
            self._send(Exported(reply_to=command.id, data=data))
        else:
            trainer = _of(run).require_trainer()
            trainer.network.write(checkpoint.weights_for(trainer.network.train.program, command.weights))
            trainer.reporter.weights(await trainer.network.weights(), trainer.record.step)
            self._send(Accepted(reply_to=command.id))

    async def _measure(self, command: Evaluate, run: Run) -> Evaluation:
        """The weights of a run under way, or others in their place for a moment."""
        network = run.require_trainer().network
        if not command.weights:
            return await self._evaluate(network, run.settings, command.split)
        others, own = checkpoint.weights_for(network.train.program, command.weights), await network.weights()
        network.write(others)
        try:
            return await self._evaluate(network, run.settings, command.split)
        finally:
            network.write(own)

    async def _fits(self, run: Run | None, weights: bytes) -> bool:
        """True if the network of an ended run is the one that a weights file belongs to."""
        if run is None or run.trainer is None:
            return False
        return await self._workshop.network(checkpoint.settings_in(weights)) is run.trainer.network

    async def _measure_file(self, command: Evaluate) -> Evaluation:
        settings = checkpoint.settings_in(command.weights)
        network = await self._workshop.network(settings)
        network.write(checkpoint.weights_for(network.train.program, command.weights))
        return await self._evaluate(network, settings, command.split)

    async def _evaluate(self, network: LoadedNetwork, settings: RunSettings, split: str) -> Evaluation:
        samples = await (await self._workshop.data(settings)).split(split)
        pace = evaluation_pace(network.evaluate, announcer(self._send))
        return await evaluate(network.evaluate, samples, lambda: sleep(0), pace)


def _of(run: Run | None) -> Run:
    if run is None:
        raise ProgramError("There is no run yet: press Train.")
    return run
