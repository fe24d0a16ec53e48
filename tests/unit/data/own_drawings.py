"""Drawings for tests, as a visitor might have made them: from the stroke generator, on a pad of 280 units."""

from __future__ import annotations

from functools import cache

from tabgrad.data.drawings import Drawing
from tabgrad.data.strokes import CHUNK, draw_chunk
from tabgrad.ink import Stroke


@cache
def by_hand(count: int, seed: int = 5) -> tuple[Drawing, ...]:
    """The first `count` drawings of a seed."""
    made = []
    for chunk in range(-(-count // CHUNK)):
        drawings, labels = draw_chunk(seed, chunk)
        made += [
            Drawing(int(label), tuple(Stroke(s.points * 150 + 130, s.width) for s in strokes), 280.0)
            for strokes, label in zip(drawings, labels, strict=True)
        ]
    return tuple(made[:count])
