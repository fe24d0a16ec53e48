"""Searches a split of a data set for images to show, page by page.

Loads no more images than it must; owns no data and shows nothing.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tabgrad.data import Samples

#: Images that are loaded and checked at once.
CHUNK = 100
#: Images that are checked for one page at most, so that the visitor does not wait long for a rare kind of image.
MAX_SEARCHED = 5_000

#: Loads the samples with some indices.
Take = Callable[[Sequence[int]], Awaitable[Samples]]
#: Which of n samples to show: a mask (n,).
Wanted = Callable[[Samples], Awaitable[NDArray[np.bool_]]]


@dataclass(frozen=True, slots=True, eq=False)
class Page:
    """`samples` found and their `indices`. The next page begins at `next_start`; `done` if the split ends there."""

    indices: tuple[int, ...]
    samples: Samples
    next_start: int
    done: bool


async def find(take: Take, size: int, start: int, count: int, wanted: Wanted) -> Page:
    """The first `count` images at or after `start` that are `wanted`, in a split of `size` images.

    Stops after `MAX_SEARCHED` images, with fewer results. Raises the errors of `take` and `wanted`.
    """
    found = list[int]()
    images: list[NDArray[np.uint8]] = [np.empty((0, 28, 28), np.uint8)]
    labels: list[NDArray[np.uint8]] = [np.empty(0, np.uint8)]
    at, stop = max(start, 0), min(size, max(start, 0) + MAX_SEARCHED)
    while at < stop and len(found) < count:
        indices = range(at, min(at + CHUNK, stop))
        samples = await take(indices)
        hits = np.flatnonzero(await wanted(samples))[: count - len(found)]
        found += [indices[i] for i in hits]
        images.append(samples.images[hits])
        labels.append(samples.labels[hits])
        at = found[-1] + 1 if len(found) == count else indices[-1] + 1
    return Page(tuple(found), Samples(np.concatenate(images), np.concatenate(labels)), at, at >= size)
