"""The stroke generator: handwriting made from templates, as training data that needs no download."""

from .generator import CHUNK, StrokeSource, draw_chunk, render_chunk
from .pool import POOL, StrokePool
from .shapes import Hand, write
from .templates import DIGITS, Template

__all__ = [
    "CHUNK",
    "DIGITS",
    "POOL",
    "Hand",
    "StrokePool",
    "StrokeSource",
    "Template",
    "draw_chunk",
    "render_chunk",
    "write",
]
