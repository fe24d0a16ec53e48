"""Out-of-distribution drawings for measuring, which are no digits: scribbles, letters, two digits at once.

They measure when a network should say "not sure". Owns these shapes; no network is trained on them.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tabgrad.data.seeding import generator
from tabgrad.data.strokes import CHUNK, Template, draw_chunk, normalise_many
from tabgrad.ink import Stroke

#: Letters and signs that look like no digit. Their labels are above 9, because they are not digits.
LETTERS: tuple[Template, ...] = (
    Template(10, "A", 1, "4,100 50,0! 96,100 / 22,62 50,62 78,62"),
    Template(11, "E", 1, "86,4 14,4! 14,50 14,98! 88,98 / 14,50 44,50 72,50"),
    Template(12, "F", 1, "86,4 14,4! 14,50 14,100 / 14,50 44,50 70,50"),
    Template(13, "H", 1, "12,0 12,50 12,100 / 88,0 88,50 88,100 / 12,50 50,50 88,50"),
    Template(14, "K", 1, "14,0 14,50 14,100 / 84,2 14,54! 88,100"),
    Template(15, "M", 1, "6,100 14,0! 50,64! 86,0! 94,100"),
    Template(16, "R", 1, "14,100 14,50 14,2! 70,8 70,44 14,52! 86,100"),
    Template(17, "W", 1, "2,0 24,100! 50,36! 76,100! 98,0"),
    Template(18, "X", 1, "8,2 50,50 92,98 / 92,2 50,50 8,98"),
    Template(19, "w", 1, "2,10 20,92 46,40! 52,92 82,80 96,8"),
    Template(20, "m", 1, "6,10 10,96! 24,20 44,30 46,96! 60,20 84,26 90,96"),
    Template(21, "k", 1, "20,0 18,50 16,100! 30,56 64,40 46,62! 80,98"),
    Template(22, "cross", 1, "50,0 50,50 50,100 / 4,50 50,50 96,50"),
    Template(23, "star", 1, "10,90 50,0! 88,92! 2,36! 98,34! 10,90"),
    Template(24, "square", 1, "4,4 96,4! 96,96! 4,96! 4,4"),
    Template(25, "triangle", 1, "50,0 96,98! 4,98! 50,0"),
)


def out_of_distribution(seed: int, kind: str) -> NDArray[np.uint8]:
    """`CHUNK` network inputs, uint8 (n, 28, 28), of the kind "scribbles", "letters" or "pairs" (two digits)."""
    if kind == "scribbles":
        return normalise_many([[_scribble(rng)] for rng in (generator(seed, 1, k) for k in range(CHUNK))])
    if kind == "letters":
        return normalise_many(draw_chunk(seed, 2, templates=LETTERS)[0])
    left, right = draw_chunk(seed, 3)[0], draw_chunk(seed, 4)[0]
    apart = np.array([1.0, 0.0], np.float32)
    pairs = [[*a, *(Stroke(s.points + apart, s.width) for s in b)] for a, b in zip(left, right, strict=True)]
    return normalise_many(pairs)


def _scribble(rng: np.random.RandomState) -> Stroke:
    """A smooth random line: a sum of slow sine waves in x and in y."""
    t = np.linspace(0, 1, 80)[:, None, None]
    wave = np.sin(2 * np.pi * rng.uniform(0.3, 5.0, (1, 2, 4)) * t + rng.uniform(0, 2 * np.pi, (1, 2, 4)))
    points = (wave * rng.normal(0, 1, (1, 2, 4))).sum(2)
    return Stroke(points.astype(np.float32))
