"""What the network reads: the visitor's ink through the chosen recipe, or a sample of the data as it is.

Owns which of the two it is at the moment, and the way of a sample to the pad.
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
    """Makes the network's input. A sample is read pixel by pixel until its ink is changed."""

    def __init__(self, desk: PageContext) -> None:
        self._desk = desk
        self._recipe: Prepare | None = None
        self._sample: tuple[Snapshot, Image] | None = None

    def use_recipe(self, recipe: Prepare | None) -> None:
        """Prepare ink in this way from now on, None for the usual one."""
        self._recipe = recipe
        self._desk.prepare_with(self._prepare)

    def to_pad(self, image: NDArray[np.uint8]) -> None:
        """Lay a sample, uint8 (28, 28), on the pad: traced as ink for the eye, exact for the network."""
        values = as_input(image)
        ink = Snapshot(trace(values, PAD_UNITS))
        self._sample = (ink, values)
        self._desk.prepare_with(self._prepare)
        self._desk.pad.put(ink)
        dom.by_id("draw").scrollIntoView()

    def is_sample(self, ink: Snapshot) -> bool:
        """Whether the network reads a sample's own pixels for this ink."""
        return self._recipe is None and self._sample is not None and ink is self._sample[0]

    def _prepare(self, ink: Snapshot) -> Image:
        if self._sample is not None and self.is_sample(ink):
            return self._sample[1]
        return (self._recipe or standard_input)(ink)
