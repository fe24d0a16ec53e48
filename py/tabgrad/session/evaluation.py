"""Measures a network on a split: logits for every image, and from them loss, accuracy and confusion.

Owns the statistics of a result; the network is only run, never changed.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tabgrad.backends.base import Executable
from tabgrad.data import Samples
from tabgrad.metrics import wilson_95
from tabgrad.protocol import Evaluated

from .effort import Announce, unannounced, worst_step_s
from .pace import Pace

#: Runs between chunks: hears commands, and raises to give up.
Between = Callable[[], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Evaluation:
    """`logits` float32 (n, 10), `labels` uint8 (n,); `loss` is the mean cross entropy in nats, `accuracy` in 0..1."""

    logits: NDArray[np.float32]
    labels: NDArray[np.uint8]
    loss: float
    accuracy: float

    def confusion(self) -> NDArray[np.int64]:
        """(10, 10) counts: row = truth, column = answer."""
        cells = self.labels.astype(np.int64) * 10 + self.logits.argmax(1)
        return np.bincount(cells, minlength=100).reshape(10, 10)

    def event(self, split: str, reply_to: int = 0) -> Evaluated:
        """The result as a message."""
        return Evaluated(
            reply_to=reply_to,
            split=split,
            count=len(self.labels),
            loss=self.loss,
            accuracy=self.accuracy,
            confusion=self.confusion().tolist(),
            logits=self.logits.astype("<f4").tobytes(),
            labels=self.labels.tobytes(),
        )


def score(logits: NDArray[np.float32], labels: NDArray[np.uint8]) -> Evaluation:
    """Loss and accuracy of `logits` (n, 10). The maximum is subtracted before exp, so that nothing overflows."""
    shifted = logits.astype(np.float64) - logits.max(1, keepdims=True)
    log_probabilities = shifted - np.log(np.exp(shifted).sum(1, keepdims=True))
    loss = float(-log_probabilities[np.arange(len(labels)), labels].mean())
    return Evaluation(logits, labels, loss, float((logits.argmax(1) == labels).mean()))


def interval_95(accuracy: float, count: int) -> tuple[float, float]:
    """The 95 % interval of a share `accuracy` among `count`: Wilson's, right near 1, too."""
    return wilson_95(round(accuracy * count), count)


def evaluation_pace(program: Executable, announce: Announce = unannounced) -> Pace:
    """The pace for `evaluate`. Who keeps it need not find it again, a few images at a time."""
    return Pace(program.program.buffer("x").shape[0] * 784, announce, worst_step_s(program.program))


async def evaluate(program: Executable, samples: Samples, between: Between, pace: Pace | None = None) -> Evaluation:
    """Run an evaluation program over `samples`, a chunk at a time with `between` after each.

    A last batch that is not full is filled up with the first images, whose results are dropped.
    """
    batch = program.program.buffer("x").shape[0]
    total = len(samples.labels)
    steps = -(-total // batch)
    pace = pace or evaluation_pace(program)
    pace.restart()
    parts: list[NDArray[Any]] = []
    done = 0
    while done < steps:
        count = min(pace.count, steps - done)
        first, last = done * batch, (done + count) * batch
        # A slice copies nothing.
        rows: Any = slice(first, last) if last <= total else np.arange(first, last) % total
        streams = {
            "x": samples.images[rows].reshape(count, batch, 784),
            "y": samples.labels[rows].astype(np.int32).reshape(count, batch),
        }
        result = await pace.submit(count, partial(program.run_steps, count, streams, ["logits"]))
        parts.append(result["logits"].reshape(count * batch, 10))
        pace.finished(count)
        done += count
        await between()
        pace.restart()
    return score(np.concatenate(parts)[:total], samples.labels)
