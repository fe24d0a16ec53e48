"""Ink: handwriting as vectors, and its conversion to the 28x28 image that a network reads.

>>> from tabgrad.ink import normalise, strokes_from_lists
>>> seven = strokes_from_lists([[(60, 60), (200, 60), (110, 230)], [(90, 140), (180, 140)]])
>>> normalise(seven).shape
(28, 28)

Owns strokes, the eraser, undo, rasterising and MNIST's normalisation. Pure NumPy: the pad in the browser, the stroke
generator and the measuring scripts run the same code. Draws on no screen and knows no network.
"""

from .normalise import (
    BOX_PX,
    CENTRE_PX,
    DOT_SHARE,
    SIZE_PX,
    Normaliser,
    box_scale,
    centre_of_mass,
    centres_of_mass,
    fit_box,
    ink_bounds,
    normalise,
)
from .raster import EDGE_PX, PEN_PX, rasterise
from .sheet import CELLS, Sheet, Snapshot, cell_strokes
from .strokes import MAX_PEN_WIDTH, Stroke, clip_polyline, erase, strokes_from_lists, thin

__all__ = [
    "BOX_PX",
    "CELLS",
    "CENTRE_PX",
    "DOT_SHARE",
    "EDGE_PX",
    "MAX_PEN_WIDTH",
    "PEN_PX",
    "SIZE_PX",
    "Normaliser",
    "Sheet",
    "Snapshot",
    "Stroke",
    "box_scale",
    "cell_strokes",
    "centre_of_mass",
    "centres_of_mass",
    "clip_polyline",
    "erase",
    "fit_box",
    "ink_bounds",
    "normalise",
    "rasterise",
    "strokes_from_lists",
    "thin",
]
