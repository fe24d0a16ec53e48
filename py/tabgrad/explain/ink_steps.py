"""The way from ink to the network's input, step by step, with every step switchable.

With all switches on it is `ink.normalise`, which alone prepares what the page predicts (a test compares them). The
other settings are mistakes that demos make, to be looked at. Owns the switches and the pictures; knows no network.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, cast

import numpy as np
from numpy.typing import NDArray

from tabgrad.ink import EDGE_PX, PEN_PX, SIZE_PX, Stroke, rasterise
from tabgrad.ink.normalise import BOX_PX, CENTRE_PX, centre_of_mass

Image = NDArray[np.float32]
Centring = Literal["mass", "box", "none"]
#: Side of the picture of the whole pad. Pixels.
SHEET_PX = 112
#: A hard edge is this soft, in pixels: pixels are all or nothing but for the few that the line just grazes.
_HARD_EDGE_PX = 0.05


@dataclass(frozen=True, slots=True)
class Recipe:
    """Which steps are taken. `fit`: scale the ink to the 20x20 box, else the whole pad is scaled to 28x28.
    `keep_aspect`: scale both axes alike. `centring`: by centre of mass, by the box's middle, or none: the ink stays
    where it was drawn. `smooth`: anti-aliased edges.
    """

    fit: bool = True
    keep_aspect: bool = True
    centring: Centring = "mass"
    smooth: bool = True


#: What MNIST's authors did.
STANDARD = Recipe()


@dataclass(frozen=True, slots=True, eq=False)
class InkSteps:
    """`sheet` (112, 112): the pad as drawn, `box`: left, top, right, bottom of the ink in it, in its pixels.
    `boxed` (20, 20) or, without fitting, (28, 28): the scaled ink. `scale`: x and y, pixels a unit of the drawing.
    `centre`: x, y of the point of `boxed` that is moved, `target`: where to in `image` (28, 28).
    All pictures are float32 in 0..1. An empty drawing has blank pictures and a box of zeros.
    """

    sheet: Image
    box: tuple[float, float, float, float]
    boxed: Image
    scale: tuple[float, float]
    centre: tuple[float, float]
    target: tuple[float, float]
    image: Image


def ink_steps(
    strokes: Sequence[Stroke], sheet_size: float, recipe: Recipe = STANDARD, min_extent: float = 0.0
) -> InkSteps:
    """All steps for a drawing on a square sheet of side `sheet_size`, in the strokes' units.

    `min_extent` as in `ink.normalise`: ink smaller than this is not blown up to fill the box.
    """
    sheet_middle, zoom = np.full(2, sheet_size / 2), np.full(2, SHEET_PX / sheet_size)
    whole = _moved(strokes, sheet_middle, zoom, (SHEET_PX / 2, SHEET_PX / 2))
    sheet = rasterise(whole, SHEET_PX, PEN_PX * SHEET_PX / SIZE_PX)
    edge = EDGE_PX if recipe.smooth else _HARD_EDGE_PX
    side = BOX_PX if recipe.fit else SIZE_PX
    if not strokes:
        blank, corner = np.zeros((side, side), np.float32), (side / 2, side / 2)
        return InkSteps(sheet, (0, 0, 0, 0), blank, (1, 1), corner, corner, np.zeros((SIZE_PX, SIZE_PX), np.float32))
    low = np.min([s.points.min(0) for s in strokes], axis=0).astype(np.float64)
    high = np.max([s.points.max(0) for s in strokes], axis=0).astype(np.float64)
    middle, pen = (low + high) / 2, max(s.width for s in strokes)
    drawn_at = _pair(middle * SIZE_PX / sheet_size)
    scale = _scale(np.maximum(high - low, min_extent), pen, recipe) if recipe.fit else np.full(2, SIZE_PX / sheet_size)
    place = (BOX_PX / 2, BOX_PX / 2) if recipe.fit else drawn_at
    boxed = rasterise(_moved(strokes, middle, scale, place), side, PEN_PX, edge)
    centre, target = {
        "mass": (centre_of_mass(boxed), (CENTRE_PX, CENTRE_PX)),
        "box": (place, (SIZE_PX / 2, SIZE_PX / 2)),
        "none": (place, drawn_at),
    }[recipe.centring]
    moved = (place[0] + target[0] - centre[0], place[1] + target[1] - centre[1])
    image = rasterise(_moved(strokes, middle, scale, moved), SIZE_PX, PEN_PX, edge)
    reach = PEN_PX / 2 * pen * SHEET_PX / SIZE_PX
    box = (*_pair(low * zoom - reach), *_pair(high * zoom + reach))
    return InkSteps(sheet, box, boxed, _pair(scale), centre, target, image)


def _scale(extent: NDArray[np.float64], pen: float, recipe: Recipe) -> NDArray[np.float64]:
    """Pixels a unit for each axis, so that ink of this extent (2,) fills the box."""
    if recipe.keep_aspect:
        extent = np.full(2, extent.max())
    # The ink, not its centre line, fills the box: the pen sticks out by half its width on each side.
    return np.divide(max(BOX_PX - PEN_PX * pen, 1.0), extent, out=np.ones(2), where=extent > 0)


def _moved(
    strokes: Sequence[Stroke], origin: NDArray[np.float64], scale: NDArray[np.float64], place: tuple[float, float]
) -> list[Stroke]:
    """The strokes in pixels, with the point `origin` of the drawing at the pixel `place`."""
    return [replace(s, points=cast("Image", (s.points - origin) * scale + place)) for s in strokes]


def _pair(point: NDArray[np.float64]) -> tuple[float, float]:
    return float(point[0]), float(point[1])
