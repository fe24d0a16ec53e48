"""Has a network read a whole split, a few images at a time, so that the page never has to wait for it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from tabgrad.data import Samples
from tabgrad.interop import dom
from tabgrad.metrics import Results

from ..frozen_model import FrozenModel
from ..probe import as_input

#: One chunk of images may keep the page busy for this long. Milliseconds.
CHUNK_MS = 10.0
FIRST_CHUNK, MAX_CHUNK = 16, 512


async def measure(network: FrozenModel, samples: Samples, progress: Callable[[int], bool]) -> Results | None:
    """The network's results on all samples. None if `progress` stopped it.

    `progress` gets the number of samples done so far, and returns whether to go on. Raises EngineError.
    """
    total, done, chunk = len(samples.labels), 0, FIRST_CHUNK
    parts: list[NDArray[np.float32]] = []
    while done < total:
        images = as_input(samples.images[done : done + chunk])
        begin_ms = dom.now_ms()
        parts.append(await network.logits(images))
        spent_ms = max(dom.now_ms() - begin_ms, 0.1)
        done += len(images)
        chunk = int(np.clip(chunk * np.clip(CHUNK_MS / spent_ms, 0.5, 2), 1, MAX_CHUNK))
        if not progress(done):
            return None
        await asyncio.sleep(0)
    return Results(np.concatenate(parts), samples.labels, network.temperature)
