"""The steps from ink to the network's input as pictures, with a switch for each step.

With all switches on the result is that of `ink.normalise`, which alone prepares what the page predicts (a test compares
them). The other settings show mistakes that many demos make. Owns the switches and the pictures; the rule itself is
in `tabgrad.ink`. Runs no network.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, cast

import numpy as np
from numpy.typing import NDArray

from tabgrad.ink import (
    BOX_PX,
    CENTRE_PX,
    EDGE_PX,
    PEN_PX,
    SIZE_PX,
    Stroke,
    box_scale,
    centre_of_mass,
    ink_bounds,
    rasterise,
)

Image = NDArray[np.float32]
Point = NDArray[np.float64]
Centring = Literal["mass", "box", "none"]
#: Side of the picture of the whole pad. Pixels.
SHEET_PX = 112
#: Width of the soft edge of a hard line: nearly all pixels are full or empty.
_HARD_EDGE_PX = 0.05


@dataclass(frozen=True, slots=True)
class Recipe:
    """Which steps are taken. `fit`: scale the ink to the 20x20 box; if off, the whole pad is scaled to 28x28.
    `keep_aspect`: scale both axes alike. `centring`: by the centre of mass, by the middle of the ink's bounding box,
    or "none": the ink stays where it was drawn. `smooth`: anti-aliased edges.
    """

    fit: bool = True
    keep_aspect: bool = True
    centring: Centring = "mass"
    smooth: bool = True


#: The steps that MNIST's authors took.
STANDARD = Recipe()


@dataclass(frozen=True, slots=True, eq=False)
class InkSteps:
    """`sheet` (112, 112): the pad as drawn; `box`: left, top, right, bottom of the ink in it, in its pixels.
    `boxed` (20, 20) or, without fitting, (28, 28): the scaled ink. `centre`: x, y of the point of `boxed` that is
    moved; `target`: where it goes in `image` (28, 28).
    All pictures are float32 in 0..1. An empty drawing has blank pictures and a box of zeros.
    """

    sheet: Image
    box: tuple[float, float, float, float]
    boxed: Image
    centre: tuple[float, float]
    target: tuple[float, float]
    image: Image


def ink_steps(
    strokes: Sequence[Stroke], sheet_size: float, recipe: Recipe = STANDARD, min_extent: float = 0.0
) -> InkSteps:
    """All steps for a drawing on a square sheet of side `sheet_size`, in the strokes' units.

    `min_extent` as in `ink.normalise`: smaller ink is not enlarged to fill the box.
    """
    sheet = _picture_of_sheet(strokes, sheet_size)
    side = BOX_PX if recipe.fit else SIZE_PX
    if not strokes:
        blank, middle_px = np.zeros((side, side), np.float32), (side / 2, side / 2)
        empty = np.zeros((SIZE_PX, SIZE_PX), np.float32)
        return InkSteps(sheet, (0, 0, 0, 0), blank, middle_px, middle_px, empty)
    bounds = ink_bounds(strokes)
    middle, pen_px = bounds.middle, PEN_PX * max(s.width for s in strokes)
    drawn_at = _pair(middle * SIZE_PX / sheet_size)
    if recipe.fit:
        extent = np.maximum(bounds.high - bounds.low, min_extent)
        sides = np.full(2, extent.max()) if recipe.keep_aspect else extent
        scale, place = np.array([box_scale(float(s), pen_px) for s in sides]), (BOX_PX / 2, BOX_PX / 2)
    else:
        scale, place = np.full(2, SIZE_PX / sheet_size), drawn_at
    edge_px = EDGE_PX if recipe.smooth else _HARD_EDGE_PX
    boxed = rasterise(_moved(strokes, middle, scale, place), side, PEN_PX, edge_px)
    centre, target = {
        "mass": (centre_of_mass(boxed), (CENTRE_PX, CENTRE_PX)),
        "box": (place, (SIZE_PX / 2, SIZE_PX / 2)),
        "none": (place, drawn_at),
    }[recipe.centring]
    moved = (place[0] + target[0] - centre[0], place[1] + target[1] - centre[1])
    image = rasterise(_moved(strokes, middle, scale, moved), SIZE_PX, PEN_PX, edge_px)
    zoom, reach = SHEET_PX / sheet_size, pen_px / 2 * SHEET_PX / SIZE_PX
    box = (*_pair(bounds.low * zoom - reach), *_pair(bounds.high * zoom + reach))
    return InkSteps(sheet, box, boxed, centre, target, image)


def _picture_of_sheet(strokes: Sequence[Stroke], sheet_size: float) -> Image:
    """The whole pad (112, 112), with lines as wide as they are on the pad."""
    zoom = np.full(2, SHEET_PX / sheet_size)
    whole = _moved(strokes, np.full(2, sheet_size / 2), zoom, (SHEET_PX / 2, SHEET_PX / 2))
    return rasterise(whole, SHEET_PX, PEN_PX * SHEET_PX / SIZE_PX)


def _moved(strokes: Sequence[Stroke], origin: Point, scale: Point, place: tuple[float, float]) -> list[Stroke]:
    """The strokes in pixels, with the point `origin` of the drawing at the pixel `place`."""
    return [replace(s, points=cast("Image", (s.points - origin) * scale + place)) for s in strokes]


def _pair(point: Point) -> tuple[float, float]:
    return float(point[0]), float(point[1])
