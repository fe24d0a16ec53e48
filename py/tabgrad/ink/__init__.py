"""Ink: handwriting as vectors, and the way from there to the 28x28 image a network reads.

Owns strokes, the eraser, undo, rasterising and MNIST's normalisation. NumPy only: the pad in the browser, the
stroke generator and the measuring scripts run the same code. It never draws on a screen and knows no network.
"""

from .normalise import DOT_SHARE, SIZE_PX, Steps, normalise, normalise_steps
from .raster import EDGE_PX, PEN_PX, rasterise
from .sheet import CELLS, Sheet, Snapshot, cell_strokes
from .strokes import Stroke, clip_polyline, erase, strokes_from_lists

__all__ = [
    "CELLS",
    "DOT_SHARE",
    "EDGE_PX",
    "PEN_PX",
    "SIZE_PX",
    "Sheet",
    "Snapshot",
    "Steps",
    "Stroke",
    "cell_strokes",
    "clip_polyline",
    "erase",
    "normalise",
    "normalise_steps",
    "rasterise",
    "strokes_from_lists",
]
