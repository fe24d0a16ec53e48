"""Ink: handwriting as vectors, and the way from there to the 28x28 image a network reads.

Owns strokes, the eraser, undo, rasterising and MNIST's normalisation. NumPy only: the pad in the browser, the
stroke generator and the measuring scripts run the same code. It never draws on a screen and knows no network.
"""

from .normalise import (
    BOX_PX,
    CENTRE_PX,
    DOT_SHARE,
    SIZE_PX,
    box_scale,
    centre_of_mass,
    centres_of_mass,
    fit_box,
    ink_bounds,
    normalise,
)
from .raster import EDGE_PX, PEN_PX, rasterise
from .sheet import CELLS, Sheet, Snapshot, cell_strokes
from .strokes import Stroke, clip_polyline, erase, strokes_from_lists

__all__ = [
    "BOX_PX",
    "CELLS",
    "CENTRE_PX",
    "DOT_SHARE",
    "EDGE_PX",
    "PEN_PX",
    "SIZE_PX",
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
]
