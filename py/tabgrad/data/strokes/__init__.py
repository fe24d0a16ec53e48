"""The stroke generator: handwritten digits made from vector templates, as training data that needs no download.

>>> from tabgrad.data.strokes import StrokeSource
>>> images, labels = StrokeSource(seed=1).take_now(3)
>>> images.shape
(3, 28, 28)

A template (`templates`) is varied (`shapes`), drawn and put into an endless stream (`generator`); a run trains on a
pool of such digits (`pool`).
"""

from .generator import CHUNK, StrokeSource, draw_chunk, normalise_many, render_chunk
from .pool import Pool
from .shapes import Variation, vary, write
from .templates import DIGITS, Template

__all__ = [
    "CHUNK",
    "DIGITS",
    "Pool",
    "StrokeSource",
    "Template",
    "Variation",
    "draw_chunk",
    "normalise_many",
    "render_chunk",
    "vary",
    "write",
]
