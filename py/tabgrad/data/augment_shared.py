"""The distortions of `augment`, fast enough for runs in the page: about 0.5 microseconds per image instead of 30.

Two things save time. Samples that are `STRIDE` apart share a map, so that NumPy moves many images at once. Neighbouring
pixels of a row can move as one group, so that there are fewer things to move. Owns this sharing; the maps are made by
`augment`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .augment import PERIOD, POOL, SIDE, Augmentation, source_points, vary_thickness
from .base import Samples, Source, joined
from .seeding import generator, hashed

#: Samples this far apart share a map, so that no batch up to this size uses a map twice.
STRIDE = 128
#: Samples that share a map before another one is picked.
SHARERS = 32
#: Samples after which other maps are picked.
SPAN = STRIDE * SHARERS
#: Sizes of a group of pixels, and the integer type by which NumPy copies a group.
_GROUP_TYPES = {1: np.uint8, 2: np.uint16, 4: np.uint32}
_PIXELS = SIDE * SIDE
#: Distorts images, which are the stream's samples from a position on.
Augment = Callable[[NDArray[np.uint8], int], NDArray[np.uint8]]


class SharedAugmenter:
    """Distorts the samples of a stream by their position. Moves whole pixels, without interpolation.

    `group`: 1, 2 or 4 neighbouring pixels of a row move as one. The random numbers drawn are the same for each.
    """

    def __init__(self, augmentation: Augmentation, seed: int, group: int) -> None:
        self.augmentation, self.seed, self.group = augmentation, seed, group
        self._period, self._maps = -1, np.zeros((0, _PIXELS // group), np.intp)

    def __call__(self, images: NDArray[np.uint8], position: int) -> NDArray[np.uint8]:
        """Distorted copies, uint8 (n, 28, 28), of the `images` that are the stream's samples from `position` on."""
        count = len(images)
        if self.augmentation.thickness:
            bits = hashed(self.seed + 1, np.arange(position, position + count))
            images = vary_thickness(images, self.augmentation.thickness, bits)
        if not self.augmentation.moves:
            return images
        images, out = np.ascontiguousarray(images), np.empty((count, _PIXELS), np.uint8)
        group_type = _GROUP_TYPES[self.group]
        # A view in which groups overlap: each pixel and the next ones as one integer.
        groups: NDArray[Any] = np.ndarray((count, _PIXELS - self.group + 1), group_type, images, strides=(_PIXELS, 1))
        moved = out.view(group_type)
        start = 0
        while start < count:
            span, offset = divmod(position + start, SPAN)
            stop = min(count, start + SPAN - offset)
            maps = self._maps_of(span * STRIDE // PERIOD)
            numbers = span * STRIDE + (offset + np.arange(min(STRIDE, stop - start))) % STRIDE
            for first, pick in enumerate(hashed(self.seed, numbers) % np.uint64(POOL), start):
                moved[first:stop:STRIDE] = groups[first:stop:STRIDE][:, maps[pick]]
            start = stop
        return out.reshape(images.shape)

    def _maps_of(self, period: int) -> NDArray[np.intp]:
        """(POOL, 784 / group): the first pixel of the group that each group of the result comes from.

        Positions outside the image are moved to its edge, which is blank because digits keep a margin.
        """
        if period != self._period:
            first = np.arange(0, SIDE, self.group)
            middle = (self.group - 1) / 2
            x, y = source_points(self.augmentation, generator(self.seed, period), first + middle)
            columns = np.rint(x - middle).clip(0, SIDE - self.group)
            self._maps = (np.rint(y).clip(0, SIDE - 1) * SIDE + columns).astype(np.intp)
            self._period = period
        return self._maps


class AugmentedSource:
    """The samples of `source`, distorted by `augment`. Implements `Source`.

    They are made a span at a time, which costs less for each, and kept until they are taken.
    """

    def __init__(self, source: Source, augment: Augment) -> None:
        self.position = source.position
        self._source, self._augment = source, augment
        self._span, self._made = -1, Samples(np.zeros((0, 28, 28), np.uint8), np.zeros(0, np.uint8))

    async def take(self, count: int) -> Samples:
        """The next `count` samples."""
        parts = []
        while count:
            span, offset = divmod(self.position, SPAN)
            made = await self._samples_of(span)
            parts.append(Samples(made.images[offset : offset + count], made.labels[offset : offset + count]))
            self.position += len(parts[-1].labels)
            count -= len(parts[-1].labels)
        return joined(parts)

    async def _samples_of(self, span: int) -> Samples:
        if span != self._span:
            self._source.position = span * SPAN
            samples = await self._source.take(SPAN)
            self._made = Samples(self._augment(samples.images, span * SPAN), samples.labels)
            self._span = span
        return self._made
