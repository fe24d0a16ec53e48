"""The training loop: takes samples, submits chunks of steps, collects losses, validates, saves.

Two chunks are in flight, so a GPU never waits for Python. What the run computes depends on settings, seed and engine
alone: chunk lengths follow the clock, but data order, rates, validation and early stopping follow the step count.
"""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tabgrad.artifacts import Record, pack
from tabgrad.data import Samples, Source
from tabgrad.metrics import Results
from tabgrad.network import CODE, Tensors, WeightsError, mentions
from tabgrad.settings import RunSettings, total_steps

from .control import Diverged, RunControl, divergence_advice
from .network import LoadedNetwork, evaluate, evaluation_pace
from .pace import Emit, Pace, max_step_s
from .plan import hyperparameters, tuned
from .reporter import Reporter
from .schedule import Rates

#: The first epochs are validated twice each, so that the curve shows them; later ones once, at their end.
EARLY_EPOCHS, EARLY_VALIDATIONS = 2, 2
#: A mean loss this far above chance (2.3 nats for 10 classes, 3.6 for 36) is divergence; the mean is over about
#: `LOSS_WINDOW` images.
DIVERGED_LOSS = 23.0
LOSS_WINDOW = 512
#: Images that imported weights are tried on.
TRIAL_IMAGES = 500
#: Weights are worth keeping while the mean loss is no worse than so many times chance.
GOOD_CHANCES = 2.0


class Trainer:
    """One run of `network` on `source`. `record` says where it is; `run` takes it to the end.

    `validation` gives the images that choices are made on; `emit` gets the events for the page. `best` holds the
    weights of the best epoch while early stopping is on. `measured` is the validation of the present weights, None if
    they have not been measured.
    """

    def __init__(
        self,
        network: LoadedNetwork,
        source: Source,
        record: Record,
        *,
        validation: Callable[[], Awaitable[Samples]],
        emit: Emit,
        control: RunControl,
    ) -> None:
        self.network, self.source, self.record, self.control = network, source, record, control
        self.best: dict[str, NDArray[Any]] = {}
        self.measured: Results | None = None
        self.reporter = Reporter(record, emit)
        self._validation = validation
        limit_s = max_step_s(network.train.program, record.settings.optimizer)
        self._pace = Pace(record.settings.batch * 788, emit, limit_s)
        self._evaluation_pace = evaluation_pace(network.evaluate, emit)
        self._rates = Rates(record.samples)
        self._written: RunSettings | None = None  # whose hyperparameters are in the program's inputs
        self._inflight: list[tuple[int, Awaitable[dict[str, NDArray[Any]]]]] = []  # chunks: (steps, result)
        self._submitted = record.step
        self._next_validation = self._validation_step()
        self._good: tuple[int, dict[str, NDArray[Any]]] = (0, {})
        self._best_epoch: tuple[int, dict[str, NDArray[Any]]] | None = None  # of this session; None before its first
        self._loss: float | None = None
        # another loss than cross-entropy may have any size
        own = record.settings.model == CODE and mentions(record.settings.source, "loss")
        good_loss = GOOD_CHANCES * math.log(len(record.settings.alphabet))
        self._diverged_loss, self._good_loss = (math.inf, math.inf) if own else (DIVERGED_LOSS, good_loss)

    async def run(self) -> str:
        """Train until done, stopped or early; returns "completed", "stopped" or "early". Raises Diverged, Abandoned,
        DataError, EngineError.
        """
        try:
            self._good = (self.record.step, await self.network.weights())
            await self._measure_beginning()
            self._restart_clock()
            reason = ""
            while not reason:
                if self.control.interrupted:
                    await self._hold()
                if self.control.stopping:
                    reason = "stopped"
                elif self._submitted == self.record.steps:
                    reason = "completed"
                else:
                    await self._advance()
                    if self._submitted == self._next_validation:
                        reason = await self._validate()
                    elif self.reporter.autosave_due:
                        await self._drain()
                        await self.save()
            await self._drain()
            await self._share_weights()
            self.reporter.stop_clock()
            self.reporter.progress("evaluating")
            return reason
        finally:
            # However the run ends: await every chunk, or the event loop reports its failure as unhandled.
            for _, result in self._inflight:
                with suppress(Exception):
                    await result
            self._inflight.clear()

    def tune(self, values: Mapping[str, Any]) -> None:
        """Change settings from the next chunk on; SettingsError if one of them needs another program."""
        tuned(self.record.settings, values)

        async def apply() -> None:
            record = self.record
            record.settings = tuned(record.settings, values)
            record.steps = max(record.step, total_steps(record.settings, record.samples))
            record.tunings.append({"step": record.step, **values})
            self._next_validation = self._validation_step()

        self.control.request(apply)

    async def use(self, weights: Tensors) -> None:
        """Go on with other weights, if the run would not end with them at once; else WeightsError, and nothing changes.

        Only with no steps in flight.
        """
        before = await self.network.weights()
        self.network.write(weights)
        images, labels = await self._validation()
        tried = await self.measure(Samples(images[:TRIAL_IMAGES], labels[:TRIAL_IMAGES]))
        if not tried.loss < DIVERGED_LOSS:
            self.network.write(before)
            raise WeightsError("The run cannot go on with these weights, whose loss is too large, so it keeps its own.")
        self.reporter.weights(await self.network.weights(), self.record.step)

    async def save(self, measured: Results | None = None, reply_to: int = 0) -> None:
        """Send a checkpoint of this step; where the timeline has an entry, with the results on validation.

        Only with no steps in flight: through `control.request` during a run.
        """
        tensors = await self.network.everything()
        packed = pack(tensors, replace(self.record, seconds=self.reporter.seconds), self.best)
        weights = {name: tensors[name] for name in self.network.weight_names}
        self.reporter.checkpoint(packed, weights, measured, reply_to)

    async def validate(self) -> Results:
        """Measure on the validation split, the only one that choices may depend on."""
        return await self.measure(await self._validation())

    async def measure(self, samples: Samples) -> Results:
        """The results of the present weights on `samples`. Raises Abandoned."""
        return await evaluate(self.network.evaluate, samples, self.control.yield_and_check, self._evaluation_pace)

    async def _measure_beginning(self) -> None:
        """Validate and save the network before its first step: the beginning of the curves and of the timeline."""
        record = self.record
        if record.step == 0 and not record.curves.validation_step:
            measured = await self.validate()
            record.add_validation(measured.loss, measured.accuracy)
            await self.save(measured)
            self.reporter.progress("paused" if self.control.paused else "training")

    async def _advance(self) -> None:
        """Submit the next chunk; with two in flight, collect the older one."""
        record, self.measured = self.record, None
        count = min(self._pace.count, self._next_validation - self._submitted)
        if self.control.single_steps:
            count, self.control.single_steps = 1, self.control.single_steps - 1
        batch = record.settings.batch
        samples = await self.source.take(count * batch)
        streams: dict[str, NDArray[Any]] = {
            "x": samples.images.reshape(count, batch, 784),
            "y": samples.labels.astype(np.int32).reshape(count, batch),
            "lr": self._rates.of(record.settings, self._submitted, count).reshape(count, 1),
        }
        train = self.network.train
        if self._written is not record.settings:
            self._written = record.settings
            for name, value in hyperparameters(record.settings, train.program).items():
                train.write(name, value)
        result = self._pace.submit(count, lambda: train.run_steps(count, streams, ["loss", "correct"]))
        self._inflight.append((count, result))
        self._submitted += count
        if len(self._inflight) > 1:
            await self._collect()
        await self.control.yield_and_check()

    async def _collect(self) -> None:
        """Add the results of the oldest chunk to the record; send the page what is due."""
        count, submitted = self._inflight.pop(0)
        result = await submitted
        losses = result["loss"].reshape(count)
        self.record.add(losses, result["correct"].reshape(count))
        self._pace.finished(count)
        share = min(1.0, count * self.record.settings.batch / LOSS_WINDOW)
        mean = float(losses.mean(dtype=np.float64))
        self._loss = mean if self._loss is None else self._loss + share * (mean - self._loss)
        if not self._loss < self._diverged_loss:
            await self._restore_good_weights()
        if self.reporter.weights_due:
            await self._share_weights()
        self.reporter.progress_if_due()

    async def _drain(self) -> None:
        while self._inflight:
            await self._collect()

    async def _hold(self) -> None:
        """Serve requests and wait while paused, with nothing in flight and the clock stopped."""
        await self._drain()
        self.measured = None  # weights may be imported now
        self.reporter.stop_clock()
        if self.control.paused:
            await self._share_weights()
            self.reporter.progress("paused")
        await self.control.serve()
        self._restart_clock()

    def _restart_clock(self) -> None:
        self.reporter.start_clock()
        self._pace.restart()

    def _validation_step(self) -> int:
        """The first step after the submitted ones at which to validate: epochs, halves of early ones, and the end."""
        record = self.record
        parts = EARLY_VALIDATIONS if self._submitted * record.settings.batch < EARLY_EPOCHS * record.samples else 1
        part = self._submitted * record.settings.batch * parts // record.samples + 1
        step = -(-part * record.samples // (parts * record.settings.batch))
        return min(record.steps, max(self._submitted + 1, step))

    async def _validate(self) -> str:
        """Validate. At the end of an epoch and of the run: checkpoint and early stopping. Returns a stop reason."""
        record = self.record
        await self._drain()
        measured = self.measured = await self.validate()
        record.add_validation(measured.loss, measured.accuracy)
        reason = ""
        epochs_before = int((self._submitted - 1) * record.settings.batch / record.samples)
        if int(record.epoch) > epochs_before or self._submitted == record.steps:
            reason = await self._check_patience(measured.accuracy)
            await self.save(measured)
        self.reporter.progress("training")
        self._next_validation = self._validation_step()
        self._pace.restart()
        return reason

    async def _check_patience(self, accuracy: float) -> str:
        """Early stopping (Prechelt 1998, "Early stopping - but when?"): the best weights are restored.

        Returns "early" if the run is to end.
        """
        record, patience = self.record, self.record.settings.patience
        if accuracy > record.best_accuracy:
            record.best_accuracy, record.best_epoch = accuracy, round(record.epoch)
            weights = await self.network.weights()
            self._best_epoch = record.step, weights
            self.best = weights if patience else {}
        if patience and self.best and record.epoch - record.best_epoch >= patience:
            self.network.write(self.best)
            self.measured = None
            return "early"
        return ""

    async def _share_weights(self) -> None:
        weights = await self.network.weights()
        if not all(np.isfinite(w).all() for w in weights.values()):
            await self._restore_good_weights()
        if self._loss is not None and self._loss < self._good_loss:
            self._good = (self.record.step, weights)
        self.reporter.weights(weights, self.record.step)

    async def _restore_good_weights(self) -> None:
        """Put the best epoch's weights back, or the last good ones. Raises Diverged, which says what to change."""
        record = self.record
        for _, result in self._inflight:
            await result
        self._inflight.clear()
        good_step, weights = self._best_epoch or self._good
        self.network.write(weights)
        self.reporter.weights(weights, good_step)
        finite = self._loss is not None and bool(np.isfinite(self._loss))
        raise Diverged(
            divergence_advice(record.settings, record.step, good_step, finite=finite, best=self._best_epoch is not None)
        )
