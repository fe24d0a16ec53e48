"""A run's images: from the data set that the settings name, shuffled and augmented by seed and position.

Owns the strengths of augmentation; the data itself is `tabgrad.data`'s.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from tabgrad.data import Samples, Source
from tabgrad.data.augment import MILD, Augmentation
from tabgrad.data.augment_shared import SPAN

#: The strengths that settings can name.
AUGMENTATIONS: dict[str, Augmentation] = {
    "mild": MILD,
    "strong": Augmentation(
        rotation_deg=15, log_scale=0.18, log_aspect=0.18, shear=0.3, shift_px=2.0, elastic_px=1.0, thickness=0.5
    ),
}
#: How many neighbouring pixels move as one. For an MLP that makes no difference: after ten epochs 92, 81 and 81 errors
#: of 5,000 validation images (three seeds), and 83, 82 and 83 with each pixel on its own, which takes 0.8 us an image
#: more in Pyodide. A CNN sees the steps: 46 and 48 errors with four, 38 and 41 with one; and it has the time.
NEIGHBOURS = {"mlp": 4, "cnn": 1}
#: Distorts images, which are the stream's samples from a position on.
Augment = Callable[[NDArray[np.uint8], int], NDArray[np.uint8]]
#: Images that the mean is taken over: they are in the first block, so a run need not wait for the rest.
MEAN_SAMPLES = 1000


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
        if len(parts) == 1:
            return parts[0]
        return Samples(np.concatenate([p.images for p in parts]), np.concatenate([p.labels for p in parts]))

    async def _samples_of(self, span: int) -> Samples:
        if span != self._span:
            self._source.position = span * SPAN
            samples = await self._source.take(SPAN)
            self._made = Samples(self._augment(samples.images, span * SPAN), samples.labels)
            self._span = span
        return self._made


async def mean_image(source: Source) -> NDArray[np.float32]:
    """Mean of the first images of a seed's order, float32 (784,) in 0..1. Leaves `source` where it was."""
    position, source.position = source.position, 0
    samples = await source.take(MEAN_SAMPLES)
    source.position = position
    mean: NDArray[np.float32] = (samples.images.reshape(-1, 784).mean(0) / 255).astype(np.float32)
    return mean
