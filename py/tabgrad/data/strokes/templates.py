"""The digits as people write them: vector templates made for this project, several styles of each digit.

Owns the shapes and how often each style is drawn. Varies and draws nothing (see `shapes` and `generator`).

Notation: the strokes of a template are separated by "/". A stroke is a list of points "x,y" on a grid of 100, with y
pointing down. A smooth curve (Catmull-Rom) runs through the points; "!" after a point makes it a corner.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Template:
    """One style of a digit. Shapes that are no digits have a `label` above 9. `weight`: how often this style is drawn,
    relative to the others of its label. `path`: the strokes in the notation above.
    """

    label: int
    name: str
    weight: float
    path: str

    def strokes(self) -> list[tuple[NDArray[np.float64], NDArray[np.bool_]]]:
        """For each stroke its points, float64 (n, 2) in 0..1, and which of them are corners, bool (n,)."""
        out = []
        for text in self.path.split("/"):
            words = text.split()
            points = [[float(n) for n in word.rstrip("!").split(",")] for word in words]
            out.append((np.array(points) / 100, np.array([word.endswith("!") for word in words])))
        return out


DIGITS: tuple[Template, ...] = (
    Template(0, "oval", 4, "52,0 25,10 8,48 20,88 50,100 80,88 92,50 78,12 50,0"),
    Template(0, "leaning", 3, "72,4 42,8 14,50 12,85 36,100 66,82 86,44 84,12 66,2"),
    Template(0, "overlapping", 2, "62,10 34,2 8,40 16,86 48,100 84,84 92,40 76,8 46,0 26,14"),
    Template(0, "open", 1.5, "44,6 14,24 8,64 34,98 72,92 92,56 84,16 62,2"),
    Template(0, "slashed", 1.2, "52,0 22,12 8,50 20,88 50,100 80,88 92,50 78,12 50,0 / 90,2 10,98"),
    Template(1, "plain", 5, "50,0 50,50 50,100"),
    Template(1, "leaning", 4, "70,0 50,50 30,100"),
    Template(1, "flag", 3, "26,24 54,0! 54,50 54,100"),
    Template(1, "long flag", 2, "14,44 56,0! 56,50 56,100"),
    Template(1, "upstroke", 3, "0,42 38,24 74,0! 62,50 50,100"),
    Template(1, "steep upstroke", 2, "10,60 44,30 72,0! 60,50 46,100"),
    Template(1, "round flag", 1, "6,30 36,26 62,0! 60,50 54,100"),
    Template(1, "serif", 2, "28,22 52,0! 52,50 52,100 / 22,100 50,100 82,100"),
    Template(1, "foot", 1, "50,0 50,50 50,100 / 22,100 50,100 80,100"),
    Template(2, "plain", 4, "10,26 26,4 62,0 86,22 70,54 38,82 8,100! 50,98 94,98"),
    Template(2, "loop", 3, "10,24 36,0 76,8 80,38 48,76 18,96 6,84 22,74 52,88 96,96"),
    Template(2, "wave", 2, "12,24 40,0 80,16 68,54 36,82 8,98! 36,86 64,98 96,86"),
    Template(2, "angular", 1.2, "10,14 34,2 80,4 84,24! 46,64 8,100! 50,100 94,100"),
    Template(2, "swan", 1.2, "30,16 54,0 76,14 64,46 34,78 24,92 36,84 60,92 88,94"),
    Template(2, "small loop", 1.5, "14,18 46,0 80,20 56,64 26,90 14,86 30,80 48,92 92,100"),
    Template(3, "round", 4, "12,12 44,0 80,16 68,40 36,47! 74,54 88,76 58,100 8,88"),
    Template(3, "flat top", 1.5, "10,4 48,3 86,3! 62,22 40,42! 78,52 88,78 54,100 8,90"),
    Template(3, "curl", 2, "12,10 50,0 82,18 58,42 36,48 46,42 78,54 86,80 50,100 8,86"),
    Template(3, "narrow", 1.2, "22,10 54,0 76,16 56,42! 66,60 64,84 30,100"),
    Template(3, "shallow", 2, "16,6 62,0 78,22 54,44! 82,62 76,90 38,100 10,94"),
    Template(3, "pointed", 1, "12,4 78,8! 40,44! 84,60 70,94 10,100"),
    Template(4, "open", 4, "22,4 14,34 10,60! 50,60 92,56 / 72,6 70,50 68,100"),
    Template(4, "closed", 2.5, "66,0! 34,36 4,70! 50,70 96,68 / 66,0 66,50 66,100"),
    Template(4, "closed in one", 1.5, "62,100 63,50 64,0! 34,36 4,68! 50,68 96,66"),
    Template(4, "round", 2.5, "18,0 8,36 22,58 54,54 80,36 / 86,2 78,50 66,100"),
    Template(4, "like a 9", 1.5, "30,2 8,30 18,52 54,50 82,26 84,4! 80,50 74,100"),
    Template(4, "short cross", 2.5, "46,0 30,32 14,66! 48,64 88,60 / 66,40 60,70 54,100"),
    Template(4, "short cross, round", 1.5, "40,0 22,30 20,58 48,62 84,44 / 74,30 66,64 58,100"),
    Template(4, "box", 1, "18,0 16,34 16,66! 50,66 92,64 / 66,4 66,50 66,100"),
    Template(4, "tall", 1.5, "30,0 18,26 8,50! 50,50 90,46 / 66,22 62,60 58,100"),
    Template(5, "two strokes", 3, "26,4 22,24 18,46! 54,38 86,62 66,96 8,92 / 26,3 56,2 92,0"),
    Template(5, "one stroke", 3, "88,2 56,3 26,4! 22,24 18,44! 54,38 86,62 64,96 8,92"),
    Template(5, "curved", 2, "90,4 46,6 28,24 40,40 70,56 78,82 46,100 8,90"),
    Template(5, "big bowl", 1.5, "30,2 20,22 14,42! 60,34 94,62 70,98 30,100 6,84 / 30,2 60,4 90,2"),
    Template(6, "curved", 4, "74,0 36,20 10,60 18,92 50,100 82,84 72,60 42,58 14,80"),
    Template(6, "straight", 3, "60,0 34,36 12,74 34,100 74,92 76,64 44,60 14,82"),
    Template(6, "big bowl", 2, "66,0 24,26 6,66 30,98 72,96 92,68 66,44 28,52 8,74"),
    Template(6, "small bowl", 1.5, "50,0 28,36 18,76 34,98 62,94 68,78 50,70 22,86"),
    Template(7, "plain", 4, "8,6 48,4 92,4! 66,44 42,100"),
    Template(7, "crossed", 2.5, "8,6 48,4 92,4! 66,44 42,100 / 26,52 54,50 84,48"),
    Template(7, "serif", 1.2, "8,24 10,6! 50,5 92,4! 66,46 44,100"),
    Template(7, "serif, crossed", 1, "8,24 10,6! 50,5 92,4! 66,46 44,100 / 28,54 54,52 82,50"),
    Template(7, "wave, crossed", 2.5, "6,26 22,6 54,16 90,4! 64,46 42,100 / 14,58 50,52 92,46"),
    Template(7, "hooked, crossed", 1.5, "10,30 18,8 50,4 82,10 72,40 40,100 / 20,56 54,54 90,54"),
    Template(7, "curved", 2.5, "6,14 34,6 64,8 90,2! 66,36 54,66 52,100"),
    Template(7, "steep", 1.2, "16,4 50,4 82,4! 76,50 70,100"),
    Template(8, "one stroke", 4, "76,14 46,0 20,20 46,46 80,72 54,100 18,84 42,52 76,28 72,8"),
    Template(8, "crossing above", 2.5, "84,8 50,40 16,76 42,100 76,84 54,48 22,22 44,0 80,12"),
    Template(8, "two rings", 1.2, "50,0 22,20 46,46 76,24 52,0 / 48,46 14,74 48,100 84,74 50,46"),
    Template(8, "from the middle", 1.5, "50,48 20,24 48,0 78,22 52,48 16,76 48,100 82,76 50,48"),
    Template(9, "straight", 3.5, "82,16 48,0 14,24 34,50 70,38 84,12! 80,56 74,100"),
    Template(9, "leaning", 2.5, "84,10 46,2 16,32 34,52 66,38 84,10! 62,60 42,100"),
    Template(9, "curved", 2.5, "82,14 46,0 14,24 34,50 70,40 84,14 86,58 62,94 20,98"),
    Template(9, "hook", 1.5, "82,10 44,0 14,24 38,48 80,30! 84,64 70,98 24,90"),
    Template(9, "bowl", 3, "84,12 48,0 20,18 34,40 66,34 84,10! 90,52 80,86 44,100 2,90"),
    Template(9, "round bowl", 3, "70,8 40,0 26,20 42,36 66,22 72,6 86,40 84,78 50,100 6,96"),
    Template(9, "small ring, bowl", 2, "62,10 44,0 30,14 40,30 60,26 64,10 80,44 76,80 42,98 4,92"),
    Template(9, "comma", 1.2, "72,10 44,0 26,20 44,36 68,18 74,8! 66,54 30,100"),
    Template(9, "closed ring", 1.5, "78,18 46,0 16,24 42,48 76,26 78,12! 76,50 72,100"),
)

#: For each digit the usual width over height, and the standard deviation of its natural logarithm.
ASPECT: tuple[tuple[float, float], ...] = (
    (0.78, 0.22),
    (0.55, 0.35),
    (0.82, 0.20),
    (0.70, 0.20),
    (0.78, 0.20),
    (0.78, 0.22),
    (0.64, 0.22),
    (0.72, 0.22),
    (0.62, 0.20),
    (0.62, 0.20),
)
