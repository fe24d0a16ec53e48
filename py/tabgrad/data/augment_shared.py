"""The distortions of `augment` at a price that a run in the page can pay: about half a microsecond an image, not 30.

Samples a batch apart share a map, so NumPy moves many images at once; and neighbours in a row may move as one, so that
it moves fewer things. Where maps come from, and what they depend on, is `augment`'s.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .augment import PERIOD, POOL, SIDE, Augmentation, source_points, vary_thickness
from .seeding import generator, hashed

#: Samples so far apart have the same map, so that no batch up to this size holds one twice ...
STRIDE = 128
#: ... and so many of them share it, until others are drawn.
SHARERS = 32
SPAN = STRIDE * SHARERS
#: Numbers of neighbours in a row that can move as one, and what NumPy copies then in one piece.
_PIECES = {1: np.uint8, 2: np.uint16, 4: np.uint32}
_PIXELS = SIDE * SIDE


class SharedAugmenter:
    """Applies `augmentation` to samples by their position in the stream, in whole pixels whatever its interpolation.

    `group`: 1, 2 or 4 neighbours in a row move as one. The maps that are drawn are the same for each.
    """

    def __init__(self, augmentation: Augmentation, seed: int, group: int) -> None:
        self.augmentation, self.seed, self.group = augmentation, seed, group
        self._period, self._maps = -1, np.zeros((0, _PIXELS // group), np.intp)

    def __call__(self, images: NDArray[np.uint8], position: int) -> NDArray[np.uint8]:
        """Distorted copies of `images` uint8 (n, 28, 28), which are the stream's samples from `position` on."""
        count = len(images)
        if self.augmentation.thickness:
            bits = hashed(self.seed + 1, np.arange(position, position + count))
            images = vary_thickness(images, self.augmentation.thickness, bits)
        if not self.augmentation.moves:
            return images
        images, out = np.ascontiguousarray(images), np.empty((count, _PIXELS), np.uint8)
        piece = _PIECES[self.group]
        # Overlapping: from each pixel on, the next ones of a group as one number.
        groups: NDArray[Any] = np.ndarray((count, _PIXELS - self.group + 1), piece, images, strides=(_PIXELS, 1))
        moved = out.view(piece)
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
        """(POOL, 784 / group): the first pixel of what each group of the result comes from.

        Beyond the edge lies what is at the edge: paper, since digits keep a margin.
        """
        if period != self._period:
            first = np.arange(0, SIDE, self.group)
            middle = (self.group - 1) / 2
            x, y = source_points(self.augmentation, generator(self.seed, period), first + middle)
            columns = np.rint(x - middle).clip(0, SIDE - self.group)
            self._maps = (np.rint(y).clip(0, SIDE - 1) * SIDE + columns).astype(np.intp)
            self._period = period
        return self._maps
