"""Asks the network about a whole split, a few images at a time, so that the pen and the page never wait for it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from tabgrad.data import Samples
from tabgrad.interop import dom
from tabgrad.metrics import Results

from .frozen import Frozen
from .probe import as_input

#: How long the page may be kept busy by one chunk. Milliseconds.
CHUNK_MS = 10.0
FIRST_CHUNK, LARGEST_CHUNK = 16, 512


async def measure(network: Frozen, samples: Samples, progress: Callable[[int], bool]) -> Results | None:
    """Logits of all samples. `progress` gets the number done so far; when it returns False, None comes back."""
    total, done, chunk = len(samples.labels), 0, FIRST_CHUNK
    parts: list[NDArray[np.float32]] = []
    while done < total:
        images = as_input(samples.images[done : done + chunk])
        begin = dom.now_ms()
        parts.append(await network.logits(images))
        spent = max(dom.now_ms() - begin, 0.1)
        done += len(images)
        chunk = int(np.clip(chunk * np.clip(CHUNK_MS / spent, 0.5, 2), 1, LARGEST_CHUNK))
        if not progress(done):
            return None
        await asyncio.sleep(0)
    return Results(np.concatenate(parts), samples.labels, network.temperature)
