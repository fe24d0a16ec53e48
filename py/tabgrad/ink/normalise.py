"""From strokes to a network's input as MNIST's authors made it: scale the ink into a box, then centre its mass.

"The original black and white images were size normalized to fit in a 20x20 pixel box while preserving their
aspect ratio. [...] The images were centered in a 28x28 image by computing the center of mass of the pixels" (LeCun,
Cortes, Burges, The MNIST database, http://yann.lecun.com/exdb/mnist/). Here the strokes are scaled, not the pixels,
so that tiny, huge and off-centre drawings look alike and have lines of the same width.

Owns this rule: the bounds of ink, its scale and its centre of mass. The pad, the stroke generator and the panel that
shows the steps all use these functions. Draws no pixels itself (see `raster`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .lines import Lines
from .raster import EDGE_PX, PEN_PX, draw
from .strokes import Points, Stroke

#: Side of the network's input, and of the box that ink is scaled into. Pixels.
SIZE_PX = 28
BOX_PX = 20
#: Ink smaller than this share of the pad's side is a dot, and is not enlarged to fill the box.
DOT_SHARE = 12 / 280
#: Where the centre of mass goes, in x and y: the centre of pixel 14, as in MNIST (mean 14.50, spread 0.29).
CENTRE_PX = SIZE_PX / 2 + 0.5

Image = NDArray[np.float32]


class InkBounds(NamedTuple):
    """Bounding box of the centre lines of a drawing: `low` and `high` corner, float64 (2,), x first."""

    low: NDArray[np.float64]
    high: NDArray[np.float64]

    @property
    def middle(self) -> NDArray[np.float64]:
        """The middle of the box, float64 (2,)."""
        return (self.low + self.high) / 2

    @property
    def extent(self) -> float:
        """Length of the longer side."""
        return float((self.high - self.low).max())


def ink_bounds(strokes: Sequence[Stroke]) -> InkBounds:
    """Bounds of one or more strokes, in their units. ValueError if there are none."""
    low = np.min([s.points.min(0) for s in strokes], axis=0).astype(np.float64)
    high = np.max([s.points.max(0) for s in strokes], axis=0).astype(np.float64)
    return InkBounds(low, high)


def box_scale(extent: float, pen_px: float) -> float:
    """Pixels per unit at which ink fills the box, if its centre lines extend over `extent` units; 1 for a dot.

    The ink fills the box, not its centre line: a pen of `pen_px` sticks out by half its width on each side.
    """
    return max(BOX_PX - pen_px, 1.0) / extent if extent > 0 else 1.0


class BoxFit(NamedTuple):
    """How a drawing is moved into the box: `middle` goes to the middle of the box, at `scale` pixels per unit."""

    middle: NDArray[np.float64]
    scale: float

    def place(self, points: Points) -> Points:
        """Points (n, 2) of the drawing in pixels of the box."""
        placed: Points = ((points - self.middle) * self.scale + BOX_PX / 2).astype(np.float32)
        return placed


def fit_box(strokes: Sequence[Stroke], min_extent: float = 0.0, pen_px: float = PEN_PX) -> BoxFit:
    """How one or more strokes fit into the box, drawn by a normal pen of `pen_px`. See `normalise`."""
    return _fit(Lines(strokes), min_extent, pen_px)


def _fit(lines: Lines, min_extent: float, pen_px: float) -> BoxFit:
    x, y = lines.points.T
    bounds = InkBounds(np.array([x.min(), y.min()], np.float64), np.array([x.max(), y.max()], np.float64))
    widest_px = pen_px * float(lines.widths.max())
    return BoxFit(bounds.middle, box_scale(max(bounds.extent, min_extent), widest_px))


def normalise(
    strokes: Sequence[Stroke], min_extent: float = 0.0, pen_px: float = PEN_PX, edge_px: float = EDGE_PX
) -> Image:
    """The network's input for a drawing: (28, 28) float32 in 0..1, white ink on black. No strokes: all zero.

    `min_extent`, in the strokes' units: smaller ink is not enlarged to fill the box, so that a dot stays a dot even if
    the finger trembled. `pen_px`, `edge_px`: width of the normal pen and of its soft edge, as in `rasterise`.
    """
    return Normaliser()(strokes, min_extent, pen_px, edge_px)


class Normaliser:
    """`normalise` for a drawing that grows: what was joined for the drawing before is not joined again."""

    def __init__(self) -> None:
        self._lines = Lines()

    def __call__(
        self, strokes: Sequence[Stroke], min_extent: float = 0.0, pen_px: float = PEN_PX, edge_px: float = EDGE_PX
    ) -> Image:
        """See `normalise`."""
        lines = self._lines
        lines.replace(strokes)
        if not strokes:
            return np.zeros((SIZE_PX, SIZE_PX), np.float32)
        boxed = _fit(lines, min_extent, pen_px).place(lines.points)
        x, y = centre_of_mass(draw(lines, boxed, BOX_PX, pen_px, edge_px))
        moved: Points = (boxed + np.array([CENTRE_PX - x, CENTRE_PX - y])).astype(np.float32)
        return draw(lines, moved, SIZE_PX, pen_px, edge_px)


def centre_of_mass(image: Image) -> tuple[float, float]:
    """x and y of the mean ink of an image, in pixels from its top left corner; its middle if there is no ink."""
    total = float(image.sum())
    if total <= 0:
        return image.shape[1] / 2, image.shape[0] / 2
    x = float(image.sum(0) @ (np.arange(image.shape[1]) + 0.5)) / total
    y = float(image.sum(1) @ (np.arange(image.shape[0]) + 0.5)) / total
    return x, y


def centres_of_mass(images: Image) -> NDArray[np.float64]:
    """As `centre_of_mass`, for n square images (n, side, side) with ink, at once: (n, 2), x first.

    The sums are taken in another order, so the last digits may differ from those of `centre_of_mass`.
    """
    place = np.arange(images.shape[1]) + 0.5
    total = images.sum((1, 2), dtype=np.float64)
    return np.stack([images.sum(1) @ place / total, images.sum(2) @ place / total], 1)
