"""Tells the page where a run is: rates, progress, points of the curves, fresh weights. Changes nothing."""

from __future__ import annotations

from collections import deque
from typing import Any

from tabgrad.artifacts import Record, save_weights
from tabgrad.interop.clock import now_s, tick_s
from tabgrad.metrics import Results
from tabgrad.network import Tensors
from tabgrad.protocol import Checkpoint, Metrics, Progress, Weights

from .pace import Emit
from .schedule import learning_rates

#: How often the page gets progress and fresh weights. Seconds.
PROGRESS_EVERY_S = 0.2
WEIGHTS_EVERY_S = 0.28
#: How much work a crash may cost at most, where epochs are long. Seconds.
AUTOSAVE_EVERY_S = 10.0
#: The rate of samples is measured over this time. Seconds.
RATE_WINDOW_S = 1.0
#: A rate over fewer ticks of the clock says nothing: then the last one is repeated.
RATE_TICKS = 2


class Reporter:
    """`emit` gets the events. Also owns the clock of the run, which stands still while the run is paused."""

    def __init__(self, record: Record, emit: Emit) -> None:
        self.record, self.emit = record, emit
        self._running_since: float | None = None
        self._progress: deque[tuple[float, int]] = deque()  # (time, step) within the window of the rate
        self._rate = 0.0  # samples a second; 0 while it is not known
        self._progress_at = self._weights_at = 0.0
        self._checkpoint_at = now_s()
        self._sent = dict[str, int]()  # how many points of each curve the page has

    def start_clock(self) -> None:
        """The run goes on."""
        self._running_since = now_s()
        self._progress.clear()
        self._progress.append((self._running_since, self.record.step))

    def stop_clock(self) -> None:
        """The run is paused: the time until `start_clock` does not count."""
        self.record.seconds, self._running_since = self.seconds, None

    @property
    def seconds(self) -> float:
        """Time spent training, without pauses."""
        running = 0.0 if self._running_since is None else now_s() - self._running_since
        return self.record.seconds + running

    @property
    def weights_due(self) -> bool:
        """True if the page's weights are old."""
        return now_s() - self._weights_at > WEIGHTS_EVERY_S

    @property
    def autosave_due(self) -> bool:
        """True if much work would be lost with what came after the last checkpoint."""
        return now_s() - self._checkpoint_at > AUTOSAVE_EVERY_S

    def checkpoint(self, packed: bytes, weights: Tensors, measured: Results | None, reply_to: int) -> None:
        """Send a checkpoint to go on from, with the weights and results of the end of an epoch if there are results."""
        record = self.record
        values: dict[str, Any] = {"validation_accuracy": [0.0, *record.curves.validation_accuracy][-1]}
        if measured is not None:
            values = {
                "validation_accuracy": measured.accuracy,
                "confusion": measured.confusion.tolist(),
                "weights": save_weights(weights, record.settings, record.step),
            }
        self._checkpoint_at = now_s()
        self.emit(
            Checkpoint(
                reply_to=reply_to,
                step=record.step,
                epoch=record.epoch,
                end_of_epoch=measured is not None,
                checkpoint=packed,
                **values,
            )
        )

    def weights(self, weights: Tensors, step: int) -> None:
        """Send the weights of `step`."""
        self._weights_at = now_s()
        self.emit(Weights(step=step, weights=save_weights(weights, self.record.settings, step)))

    def progress_if_due(self) -> None:
        """Send progress unless it was sent a moment ago."""
        if now_s() - self._progress_at > PROGRESS_EVERY_S:
            self.progress("training")

    def _samples_per_s(self) -> float:
        """The rate over the last `RATE_WINDOW_S`."""
        now, step = now_s(), self.record.step
        while len(self._progress) > 1 and now - self._progress[0][0] > RATE_WINDOW_S:
            self._progress.popleft()
        self._progress.append((now, step))
        since, first = self._progress[0]
        if now - since < RATE_TICKS * tick_s():
            return self._rate
        self._rate = (step - first) * self.record.settings.batch / max(1e-6, now - since)
        return self._rate

    def progress(self, state: str) -> None:
        """Send progress and the new points of the curves."""
        record, rate = self.record, self._samples_per_s()
        left = (record.steps - record.step) * record.settings.batch
        self._progress_at = now_s()
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
        curves = vars(record.curves)
        points = {name: values[self._sent.get(name, 0) :] for name, values in curves.items()}
        if any(points.values()):
            self._sent = {name: len(values) for name, values in curves.items()}
            self.emit(Metrics(**points))
