"""Runs an evaluation program over a split of the data. The network is only run, never changed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tabgrad.backends import Executable
from tabgrad.data import Samples
from tabgrad.metrics import Results

from .busy import Announce, max_step_s, no_announcement
from .pace import Pace

#: Runs between chunks: lets messages in, and raises to give up.
Between = Callable[[], Awaitable[None]]


def evaluation_pace(program: Executable, announce: Announce = no_announcement) -> Pace:
    """The pace for `evaluate`. Keep it: finding it again takes a few slow chunks."""
    return Pace(program.program.buffer("x").shape[0] * 784, announce, max_step_s(program.program))


async def evaluate(program: Executable, samples: Samples, between: Between, pace: Pace | None = None) -> Results:
    """The network's results on `samples`, computed a chunk at a time with `between` after each.

    A last batch that is not full is filled with the first images; their results are dropped.
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
        parts.append(result["logits"].reshape(count * batch, -1))
        pace.finished(count)
        done += count
        await between()
        pace.restart()
    return Results(np.concatenate(parts)[:total], samples.labels)
