"""The way MNIST's authors prepared their digits, applied to vectors: fit a box, then centre the mass.

"The original black and white images were size normalized to fit in a 20x20 pixel box while preserving their
aspect ratio. [...] The images were centered in a 28x28 image by computing the center of mass of the pixels" (LeCun,
Cortes, Burges, The MNIST database). Here the strokes are scaled, not the pixels, so that tiny, huge and off-centre
drawings come out alike, with the same pen. One function for the pad, the stroke generator and imports.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from .raster import EDGE_PX, PEN_PX, rasterise
from .strokes import Stroke

#: Side of the network's input, and of the box that ink is fitted into. Pixels.
SIZE_PX = 28
BOX_PX = 20
#: Ink smaller than this share of the pad is a dot, which is not blown up to a digit.
DOT_SHARE = 12 / 280
#: Where the centre of mass goes: the centre of pixel 14, which is where it is in MNIST (mean 14.50, spread 0.29).
CENTRE_PX = SIZE_PX / 2 + 0.5

Image = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Steps:
    """All stages between ink and input, for those who want to look.

    `box`: left, top, right, bottom of the centre lines in the caller's units. `scale`: pixels a unit.
    `boxed`: (20, 20) the ink fitted into its box. `centre_of_mass`: x, y in `boxed`, pixels from its corner.
    `image`: (28, 28) with that point moved to `CENTRE_PX`. An empty drawing has a box of zeros and blank images.
    """

    box: tuple[float, float, float, float]
    scale: float
    boxed: Image
    centre_of_mass: tuple[float, float]
    image: Image


def normalise(
    strokes: Sequence[Stroke], min_extent: float = 0.0, pen_px: float = PEN_PX, edge_px: float = EDGE_PX
) -> Image:
    """The network's input for a drawing: (28, 28) float32 in 0..1, white ink on black. Empty stays empty.

    `min_extent`, in the strokes' units: ink smaller than this is not blown up to fill the box, so that a dot made
    by a trembling finger stays a dot.
    """
    return normalise_steps(strokes, min_extent, pen_px, edge_px).image


def normalise_steps(
    strokes: Sequence[Stroke], min_extent: float = 0.0, pen_px: float = PEN_PX, edge_px: float = EDGE_PX
) -> Steps:
    """As `normalise`, with every intermediate stage."""
    if not strokes:
        blank = np.zeros((SIZE_PX, SIZE_PX), np.float32)
        return Steps((0, 0, 0, 0), 1.0, np.zeros((BOX_PX, BOX_PX), np.float32), (BOX_PX / 2, BOX_PX / 2), blank)
    low = np.min([s.points.min(0) for s in strokes], axis=0).astype(np.float64)
    high = np.max([s.points.max(0) for s in strokes], axis=0).astype(np.float64)
    extent = max(float((high - low).max()), min_extent)
    pen = pen_px * max(s.width for s in strokes)
    # The ink, not its centre line, fills the box: the pen sticks out by half its width on each side.
    scale = max(BOX_PX - pen, 1.0) / extent if extent > 0 else 1.0
    middle = (low + high) / 2
    fitted = [replace(s, points=(s.points - middle) * scale + BOX_PX / 2) for s in strokes]
    boxed = rasterise(fitted, BOX_PX, pen_px, edge_px)
    x, y = centre_of_mass(boxed)
    shift = np.array([CENTRE_PX - x, CENTRE_PX - y])
    image = rasterise([replace(s, points=s.points + shift) for s in fitted], SIZE_PX, pen_px, edge_px)
    box = (float(low[0]), float(low[1]), float(high[0]), float(high[1]))
    return Steps(box, scale, boxed, (x, y), image)


def centre_of_mass(image: Image) -> tuple[float, float]:
    """x and y of the mean ink, in pixels from the top left corner; the middle if there is no ink."""
    total = float(image.sum())
    if total <= 0:
        return image.shape[1] / 2, image.shape[0] / 2
    x = float(image.sum(0) @ (np.arange(image.shape[1]) + 0.5)) / total
    y = float(image.sum(1) @ (np.arange(image.shape[0]) + 0.5)) / total
    return x, y
