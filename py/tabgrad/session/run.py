"""One run from Start to its result: sets up, trains, survives a lost device, evaluates, reports.

Owns the order of these; the steps themselves are `trainer`'s.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import Any

from numpy.typing import NDArray

from tabgrad.artifacts.checkpoint import unpack, weights_for
from tabgrad.artifacts.record import Record
from tabgrad.backends.base import DeviceLostError, EngineError
from tabgrad.backends.engines import ENGINE_TITLES, MAX_REOPENED, fallback_engine
from tabgrad.data import DataError, Samples
from tabgrad.data.augment_shared import SharedAugmenter
from tabgrad.data.sets import RunData
from tabgrad.program import ProgramError
from tabgrad.protocol import AnyEvent, Checkpoint, Finished, Notice, Start
from tabgrad.settings import RunSettings

from .control import Control
from .evaluation import evaluate, interval_95
from .runtime import Runtime
from .schedule import total_steps
from .source import AUGMENTATIONS, NEIGHBOURS, AugmentedSource, mean_image
from .trainer import Trainer

_Tensors = dict[str, NDArray[Any]]


class Run:
    """`trainer` is None until the set-up is done, and the last one after the run has ended."""

    def __init__(self, workshop: Runtime, command: Start, emit: Callable[[AnyEvent], None]) -> None:
        self._workshop, self._command, self._page = workshop, command, emit
        self.control = Control(command.start_paused)
        self.trainer: Trainer | None = None
        self._checkpoint = command.checkpoint
        self._data: RunData | None = None
        self._prefetch: asyncio.Future[None] | None = None
        if command.checkpoint:
            self.settings = unpack(command.checkpoint)[1].settings
        else:
            self.settings = RunSettings.make(command.settings)
        self._engine = str(command.settings.get("engine", self.settings.engine))

    async def go(self) -> None:
        """Train to the end and report. Raises Diverged, Abandoned, DataError, ProgramError, EngineError, OSError."""
        losses, moved = 0, False
        while True:
            try:
                trainer = await self._set_up()
                reason = await trainer.run()
                await self._finish(trainer, reason)
                return
            except DeviceLostError as error:
                losses += 1
                failed = self._workshop.engine if self._engine == "auto" else self._engine
                self._workshop.close()
                if losses > MAX_REOPENED:
                    other = fallback_engine(failed)
                    if moved or other is None:
                        raise
                    self._engine, moved = other, True
                where = f"on {ENGINE_TITLES[self._engine]}" if moved else "on a new device"
                self._emit(Notice(message=f"{error} Training goes on {where} from the last checkpoint."))

    async def _set_up(self) -> Trainer:
        """Engine, programs, data, weights: from the last checkpoint if there is one."""
        workshop = self._workshop
        settings = replace(self.settings, engine=self._engine)
        data = await self._run_data()
        record, tensors, best = self._where_to_begin(settings, data)
        network = await workshop.network(settings)
        given = weights_for(network.train.program, self._command.weights) if self._command.weights else None
        workshop.announce(data, reply_to=self._command.id)
        source = data.source(settings.seed)
        if tensors:
            network.write(tensors)
        else:
            network.initialise(settings.seed, await mean_image(source), given)
        source.position = record.step * settings.batch
        if settings.augment in AUGMENTATIONS:
            strengths, group = AUGMENTATIONS[settings.augment], NEIGHBOURS[settings.model]
            source = AugmentedSource(source, SharedAugmenter(strengths, settings.seed, group))

        async def validation() -> Samples:
            return await data.split("validation")

        if self._command.answer_target:
            await workshop.answer_program(settings, self._command.answer_target)
        self._prefetch = asyncio.ensure_future(_fetch_held_out(data))
        trainer = Trainer(network, source, record, validation=validation, emit=self._emit, control=self.control)
        trainer.best = best
        self.trainer = trainer
        return trainer

    def _where_to_begin(self, settings: RunSettings, data: RunData) -> tuple[Record, _Tensors, _Tensors]:
        """(record, weights and state, best weights) of the last checkpoint; empty ones for a fresh run."""
        if not self._checkpoint:
            steps = total_steps(settings, data.count)
            fresh = Record(settings, steps, data.count, fingerprint=data.fingerprint, origin=self._command.origin)
            return fresh, {}, {}
        tensors, record, best = unpack(self._checkpoint)
        _require_same(data, record)
        return record, tensors, best

    async def _run_data(self) -> RunData:
        """The data, the same for the whole run: drawings that the visitor makes meanwhile belong to the next one."""
        if self._data is None:
            self._data = await self._workshop.data(self.settings)
        return self._data

    async def _finish(self, trainer: Trainer, reason: str) -> None:
        """Measure the final weights: validation, and the test set, which is read here and nowhere else in a run."""
        data = await self._run_data()
        record, program = trainer.record, trainer.network.evaluate
        measured = trainer.measured or await trainer.validate()
        test = await evaluate(program, await data.split("test"), self.control.hear, trainer.evaluation_pace)
        self._emit(test.event("test"))
        trainer.reporter.milestone(await trainer.pack(), measured)
        self._emit(
            Finished(
                reason=reason,
                step=record.step,
                epoch=record.epoch,
                validation_accuracy=measured.accuracy,
                test_accuracy=test.accuracy,
                interval=list(interval_95(test.accuracy, len(test.labels))),
                seconds=record.seconds,
                settings=record.settings.to_json(),
            )
        )

    def _emit(self, event: AnyEvent) -> None:
        if isinstance(event, Checkpoint):
            self._checkpoint = event.checkpoint
        self._page(event)

    def require_trainer(self) -> Trainer:
        """The trainer; EngineError while the run is still being set up."""
        if self.trainer is None:
            raise EngineError("The run is still being set up: try again in a moment.")
        return self.trainer


def _require_same(data: RunData, record: Record) -> None:
    """ProgramError if a run was begun with other data than there is now: going on would be another run."""
    if record.fingerprint != data.fingerprint:
        raise ProgramError(
            "Your drawings have changed since this run began, so it cannot go on: press Train to learn from those "
            "that there are now."
        )
    if record.samples != data.count:
        raise ProgramError("The checkpoint was made with other training data than this site has.")


async def _fetch_held_out(data: RunData) -> None:
    """Have both held-out splits here before they are needed. A failure is heard of when they are."""
    with suppress(DataError, OSError):
        await data.split("validation")
        await data.split("test")
