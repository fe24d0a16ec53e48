"""The stroke generator: handwritten digits made from vector templates, as training data that needs no download.

>>> from tabgrad.data.strokes import StrokeSource
>>> images, labels = StrokeSource(seed=1).take_now(3)
>>> images.shape
(3, 28, 28)

A template (`templates`) is varied (`shapes`), drawn (`render`) and put into an endless stream (`generator`); a run
trains on a pool of such digits (`pool`). `out_of_distribution` makes drawings that are no digits.
"""

from .generator import CHUNK, StrokeSource, draw_chunk, render_chunk
from .pool import POOL, Pool, StrokePool
from .render import normalise_many
from .shapes import Variation, vary, write
from .templates import DIGITS, Template

__all__ = [
    "CHUNK",
    "DIGITS",
    "POOL",
    "Pool",
    "StrokePool",
    "StrokeSource",
    "Template",
    "Variation",
    "draw_chunk",
    "normalise_many",
    "out_of_distribution",
    "render_chunk",
    "vary",
    "write",
]
