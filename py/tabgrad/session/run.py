"""One run from Start to its result: set up, train, survive a lost device, evaluate, report.

Owns the order of these; the steps themselves are `trainer`'s.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import replace
from functools import partial

from tabgrad.alphabet import compared
from tabgrad.artifacts import CheckpointFile, Record, WeightsFile, fitting_record, load_weights, unpack
from tabgrad.backends import DeviceLostError, EngineError, NoAnswerError
from tabgrad.backends.engines import ENGINE_TITLES, MAX_REOPENED, fallback_engine
from tabgrad.data import DataError, RunData, Samples
from tabgrad.data.augment import AUGMENTATIONS
from tabgrad.data.augment_shared import AugmentedSource, SharedAugmenter
from tabgrad.network import (
    CODE,
    INPUT_MEAN,
    WeightsError,
    check_shapes,
    shapes_of,
    spec_shapes,
    training_state_for,
    weights_for,
)
from tabgrad.protocol import AnyEvent, Checkpoint, Finished, Notice, Start
from tabgrad.settings import RunSettings, total_steps, training_spec

from .control import RunControl
from .network import mean_image
from .pace import Emit
from .plan import answer_request
from .runtime import Runtime
from .trainer import Trainer
from .written import DistortedBatches

#: How many neighbouring pixels move as one. For an MLP that makes no difference: after ten epochs 92, 81 and 81 errors
#: of 5,000 validation images (three seeds), and 83, 82 and 83 with each pixel on its own, which takes 0.8 us an image
#: more in Pyodide. For a CNN it does: 46 and 48 errors with four, 38 and 41 with one.
NEIGHBOURS = {"mlp": 4, "cnn": 1, CODE: 1}


class Run:
    """`trainer` is None until the set-up is done. A lost device is followed by a new trainer; the last one stays.

    The constructor raises SettingsError, WeightsError or ProgramError for a command that cannot be carried out.
    """

    def __init__(self, runtime: Runtime, command: Start, emit: Emit) -> None:
        self._runtime, self._command, self._send = runtime, command, emit
        self.control = RunControl(command.start_paused)
        self.trainer: Trainer | None = None
        self._checkpoint = command.checkpoint
        self._prefetch: asyncio.Future[None] | None = None
        if command.checkpoint:
            self.settings = fitting_record(command.checkpoint).settings
        else:
            self.settings = RunSettings.make(command.settings)
            if command.weights:
                check_given(self.settings, command.weights)
        wanted = {"engine": command.settings.get("engine", self.settings.engine)}
        self._engine = RunSettings.make(wanted, self.settings).engine
        if command.answer_target:
            target, _, variant = command.answer_target.partition(".")
            answer_request(self.settings, target, variant)  # a bad target is refused here, not after the set-up

    async def go(self) -> None:
        """Train to the end and report. Raises Diverged, Abandoned, DataError, ProgramError, SourceError, WeightsError,
        EngineError, OSError.
        """
        # Opened once for the whole run: drawings that are made meanwhile belong to the next run.
        data = await self._runtime.data(self.settings)
        lost, moved = 0, False
        while True:
            try:
                trainer = await self._set_up(data)
                reason = await trainer.run()
                await self._finish(trainer, reason, data)
                return
            except (DeviceLostError, NoAnswerError) as error:
                lost += 1 if isinstance(error, DeviceLostError) else MAX_REOPENED + 1
                failed = self._runtime.engine if self._engine == "auto" else self._engine
                self._runtime.close()
                if lost > MAX_REOPENED:
                    other = fallback_engine(failed)
                    if moved or other is None:
                        raise
                    self._engine, moved = other, True
                where = f"on {ENGINE_TITLES[self._engine]}" if moved else "on a new device"
                self._emit(Notice(message=f"{error} Training continues {where} from the last checkpoint."))

    async def _set_up(self, data: RunData) -> Trainer:
        """Engine, programs, data, weights: from the last checkpoint if there is one."""
        runtime = self._runtime
        settings = replace(self.settings, engine=self._engine)
        begin = self._beginning(settings, data)
        network = await runtime.network(settings)
        given = self._command.weights
        initial = weights_for(network.train.program, load_weights(given).tensors) if given else None
        if begin.tensors:
            training_state_for(network.train.program, begin.tensors)
        if begin.best:
            weights_for(network.train.program, begin.best)
        features = {} if begin.tensors or given else await runtime.features(settings)
        augment = await runtime.augmentation(settings)
        runtime.announce(data, reply_to=self._command.id)
        source = data.source(settings.seed)
        if begin.tensors:
            network.write(begin.tensors)
        else:
            await network.initialise(settings.seed, await mean_image(source), initial)
            network.write(features)
        source.position = begin.record.step * settings.batch
        if augment is not None:
            source = DistortedBatches(source, augment, settings.batch, settings.seed)
        elif settings.augment in AUGMENTATIONS:
            strengths, group = AUGMENTATIONS[settings.augment], NEIGHBOURS[settings.model]
            source = AugmentedSource(source, SharedAugmenter(strengths, settings.seed, group))
        if self._command.answer_target:
            await runtime.answer_program(settings, self._command.answer_target)
        if begin.record.step:
            self._prefetch = asyncio.ensure_future(fetch_held_out(data, "validation", "test"))
        validation = partial(self._validation, data)
        trainer = Trainer(network, source, begin.record, validation=validation, emit=self._emit, control=self.control)
        trainer.best = begin.best
        self.trainer = trainer
        return trainer

    async def _validation(self, data: RunData) -> Samples:
        """The validation images, which a fresh run needs before its first step. The test images follow meanwhile."""
        samples = await data.split("validation")
        if self._prefetch is None:
            self._prefetch = asyncio.ensure_future(fetch_held_out(data, "test"))
        return samples

    def _beginning(self, settings: RunSettings, data: RunData) -> CheckpointFile:
        """The last checkpoint; for a fresh run one without tensors. WeightsError if the data has changed since."""
        if not self._checkpoint:
            steps = total_steps(settings, data.count)
            fresh = Record(settings, steps, data.count, fingerprint=data.fingerprint, origin=self._command.origin)
            return CheckpointFile({}, fresh, {})
        checkpoint = unpack(self._checkpoint)
        if checkpoint.record.fingerprint != data.fingerprint:
            raise WeightsError(
                "Your data has changed since this run began, so it cannot go on: press Train to learn from what there "
                "is now."
            )
        if checkpoint.record.samples != data.count:
            raise WeightsError("The checkpoint was made with other training data than this site has.")
        return checkpoint

    async def _finish(self, trainer: Trainer, reason: str, data: RunData) -> None:
        """Measure the final weights: validation, and the test set, which is read here and nowhere else in a run."""
        record = trainer.record
        measured = trainer.measured or await trainer.validate()
        test = await trainer.measure(await data.split("test"))
        await trainer.save(measured)
        self._emit(
            Finished(
                reason=reason,
                step=record.step,
                epoch=record.epoch,
                validation_accuracy=measured.accuracy,
                test_accuracy=test.accuracy,
                interval=list(test.interval_95),
                tested=len(test.labels),
                seconds=record.seconds,
                settings=record.settings.to_json(),
            )
        )

    async def import_weights(self, content: bytes) -> None:
        """Replace the weights by a weights file's. Only with no steps in flight. Raises WeightsError."""
        trainer = self.require_trainer()
        file = load_weights(content)
        check_alphabet(trainer.record.settings, file)
        await trainer.use(weights_for(trainer.network.train.program, file.tensors))

    def _emit(self, event: AnyEvent) -> None:
        if isinstance(event, Checkpoint):
            self._checkpoint = event.checkpoint
        self._send(event)

    def require_trainer(self) -> Trainer:
        """The trainer; EngineError while the run is still being set up."""
        if self.trainer is None:
            raise EngineError("The run is still being set up: try again in a moment.")
        return self.trainer


def check_given(settings: RunSettings, content: bytes) -> None:
    """Raises WeightsError if a weights file is seen not to fit the network of `settings`: by its classes or shapes."""
    file = load_weights(content)
    check_alphabet(settings, file)
    needed, found = spec_shapes(training_spec(settings)), shapes_of(file.tensors)
    if needed is None:
        return
    if INPUT_MEAN not in found:  # a plain network's weights fit a centred one
        needed.pop(INPUT_MEAN, None)
    check_shapes(needed, found)


def check_alphabet(settings: RunSettings, file: WeightsFile) -> None:
    """Raises WeightsError if a weights file says that its network tells other classes apart than that of `settings`."""
    if file.given is not None and file.given.alphabet != settings.alphabet:
        one, other = compared(file.given.alphabet, settings.alphabet)
        raise WeightsError(
            f"The file's network tells {one} apart, and this one {other}: choose a file of these classes."
        )


async def fetch_held_out(data: RunData, *names: str) -> None:
    """Fetch held-out splits before they are needed. A failure is reported when they are."""
    with suppress(DataError, OSError):
        for name in names:
            await data.split(name)
