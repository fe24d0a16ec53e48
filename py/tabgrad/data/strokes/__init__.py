"""The stroke generator: handwriting made from templates, as training data that needs no download."""

from .generator import CHUNK, StrokeSource, draw_chunk, render_chunk
from .pool import POOL, Pool, StrokePool
from .render import normalise_many
from .shapes import Hand, vary, write
from .templates import DIGITS, Template

__all__ = [
    "CHUNK",
    "DIGITS",
    "POOL",
    "Hand",
    "Pool",
    "StrokePool",
    "StrokeSource",
    "Template",
    "draw_chunk",
    "normalise_many",
    "render_chunk",
    "vary",
    "write",
]
