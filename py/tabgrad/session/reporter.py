"""Tells the page where a run is: rates, progress, points of the curves, fresh weights. Changes nothing."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any

from numpy.typing import NDArray

from tabgrad.artifacts.checkpoint import export_weights
from tabgrad.artifacts.record import Record
from tabgrad.protocol import AnyEvent, Checkpoint, Progress, Weights

from .evaluation import Evaluation
from .schedule import learning_rates

#: How often the page hears of progress and gets fresh weights. Seconds.
PROGRESS_EVERY_S = 0.2
WEIGHTS_EVERY_S = 0.28
#: How much work a crash may cost at most, where epochs are long. Seconds.
SAFE_POINT_EVERY_S = 10.0
#: Over how long the rate of samples is measured. Seconds.
RATE_WINDOW_S = 1.0


class Reporter:
    """`emit` is given the events. Also owns the clock of the run, which stands while the run is held."""

    def __init__(self, record: Record, emit: Callable[[AnyEvent], None]) -> None:
        self.record, self.emit = record, emit
        self._running_since: float | None = None
        self._moments: deque[tuple[float, int]] = deque()
        self._progress_at = self._weights_at = 0.0
        self._checkpoint_at = time.perf_counter()

    def start_clock(self) -> None:
        """The run goes on."""
        self._running_since = time.perf_counter()
        self._moments.clear()
        self._moments.append((self._running_since, self.record.step))

    def stop_clock(self) -> None:
        """The run is held: the time until `start_clock` is not its own."""
        self.record.seconds, self._running_since = self.seconds, None

    @property
    def seconds(self) -> float:
        """Time spent on the run, pauses left out."""
        running = 0.0 if self._running_since is None else time.perf_counter() - self._running_since
        return self.record.seconds + running

    @property
    def weights_due(self) -> bool:
        """True if the page's weights are old."""
        return time.perf_counter() - self._weights_at > WEIGHTS_EVERY_S

    @property
    def safe_point_due(self) -> bool:
        """True if the last checkpoint is so old that losing what came after it would hurt."""
        return time.perf_counter() - self._checkpoint_at > SAFE_POINT_EVERY_S

    def milestone(self, packed: bytes, measured: Evaluation) -> None:
        """Send the checkpoint of a step at which the network was measured on the validation split."""
        self._checkpoint(packed, measured.accuracy, measured.confusion().tolist())

    def safe_point(self, packed: bytes) -> None:
        """Send a checkpoint to go on from."""
        self._checkpoint(packed, [0.0, *self.record.curves.validation_accuracy][-1], [])

    def _checkpoint(self, packed: bytes, validation_accuracy: float, confusion: list[list[int]]) -> None:
        self._checkpoint_at = time.perf_counter()
        self.emit(
            Checkpoint(
                step=self.record.step,
                epoch=self.record.epoch,
                milestone=bool(confusion),
                validation_accuracy=validation_accuracy,
                checkpoint=packed,
                confusion=confusion,
            )
        )

    def weights(self, weights: Mapping[str, NDArray[Any]], step: int) -> None:
        """Send the weights of `step`."""
        self._weights_at = time.perf_counter()
        self.emit(Weights(step=step, weights=export_weights(weights, self.record)))

    def progress_if_due(self) -> None:
        """Send progress unless it was sent a moment ago."""
        if time.perf_counter() - self._progress_at > PROGRESS_EVERY_S:
            self.progress("training")

    def _samples_per_s(self) -> float:
        """The rate over the last moments."""
        now, step = time.perf_counter(), self.record.step
        while len(self._moments) > 1 and now - self._moments[0][0] > RATE_WINDOW_S:
            self._moments.popleft()
        self._moments.append((now, step))
        since, first = self._moments[0]
        return (step - first) * self.record.settings.batch / max(1e-6, now - since)

    def progress(self, state: str) -> None:
        """Send progress and the new points of the curves."""
        record, rate = self.record, self._samples_per_s()
        left = (record.steps - record.step) * record.settings.batch
        self._progress_at = time.perf_counter()
        self.emit(
            Progress(
                state=state,
                step=record.step,
                steps=record.steps,
                epoch=record.epoch,
                epochs=record.settings.epochs,
                samples_per_s=rate,
                eta_s=left / rate if rate else 0.0,
                elapsed_s=self.seconds,
                lr=float(learning_rates(record.settings, record.step, 1, record.samples)[0]),
            )
        )
        news = record.news()
        if news.step or news.validation_step:
            self.emit(news)
