"""What the network reads: the ink on the pad, prepared by a recipe, or an image from the data as it is.

Owns the choice between the two, and puts images on the pad. Prepares nothing itself.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from tabgrad.explain.trace import trace
from tabgrad.ink import Snapshot
from tabgrad.interop import dom

from ..context import PageContext
from ..prediction import PAD_UNITS, standard_input
from .probe import as_input

Image = NDArray[np.float32]
Prepare = Callable[[Snapshot], Image]


class Inputs:
    """Makes the network's input. An image on the pad is read pixel by pixel until its ink is changed."""

    def __init__(self, page: PageContext) -> None:
        self._page = page
        self._recipe: Prepare | None = None
        self._sample: tuple[Snapshot, Image] | None = None  # the image on the pad: its traced ink, and its pixels

    def use_recipe(self, recipe: Prepare | None) -> None:
        """From now on, turn ink into the input (28, 28) with this function; None for the standard one."""
        self._recipe = recipe
        self._page.prepare_with(self._prepare)

    def to_pad(self, image: NDArray[np.uint8]) -> None:
        """Put an image, uint8 (28, 28), on the pad. The pad shows it traced as ink; the network reads its pixels."""
        pixels = as_input(image)
        ink = Snapshot(trace(pixels, PAD_UNITS))
        self._sample = (ink, pixels)
        self._page.prepare_with(self._prepare)
        self._page.pad.put(ink)
        dom.by_id("draw").scrollIntoView()

    def is_sample(self, ink: Snapshot) -> bool:
        """Whether this ink stands for an image whose own pixels the network reads."""
        return self._recipe is None and self._sample is not None and ink is self._sample[0]

    def _prepare(self, ink: Snapshot) -> Image:
        if self._sample is not None and self.is_sample(ink):
            return self._sample[1]
        return (self._recipe or standard_input)(ink)
