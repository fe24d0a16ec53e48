"""Looks through a split of a data set for images worth showing, page by page, without loading more than it must."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tabgrad.data import Samples

#: Images looked at in one go, and at most for one page: a rare kind of image must not keep the visitor waiting.
CHUNK, MOST = 100, 5_000

Take = Callable[[Sequence[int]], Awaitable[Samples]]
#: Which of some images to show: a mask (n,).
Wanted = Callable[[Samples], Awaitable[NDArray[np.bool_]]]


@dataclass(frozen=True, slots=True, eq=False)
class Page:
    """`indices` of the images found and the images; `next_start` is where to look on; `done` if nothing follows."""

    indices: tuple[int, ...]
    samples: Samples
    next_start: int
    done: bool


async def find(take: Take, size: int, start: int, count: int, wanted: Wanted) -> Page:
    """The first `count` images from `start` on that are `wanted`, in a split of `size` images.

    `take` gets the images with some indices. Gives up after `MOST` images, with fewer. Raises what both raise.
    """
    found, images, labels = list[int](), list[NDArray[np.uint8]](), list[int]()
    at, stop = max(start, 0), min(size, max(start, 0) + MOST)
    while at < stop and len(found) < count:
        indices = range(at, min(at + CHUNK, stop))
        samples = await take(indices)
        for i in np.flatnonzero(await wanted(samples)):
            if len(found) == count:
                break
            found.append(indices[int(i)])
            images.append(samples.images[i])
            labels.append(int(samples.labels[i]))
        at = found[-1] + 1 if len(found) == count else indices[-1] + 1
    shown = Samples(np.array(images, np.uint8).reshape(-1, 28, 28), np.array(labels, np.uint8))
    return Page(tuple(found), shown, at, at >= size)
