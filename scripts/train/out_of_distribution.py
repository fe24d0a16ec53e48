"""Out-of-distribution (OOD) drawings for training, so that the network is "not sure" of other such drawings as well.

Outlier exposure (Hendrycks, Mazeika, Dietterich 2019, https://arxiv.org/abs/1812.04606): a small share of each batch
are drawings that are not digits, with 1/10 for each digit as the target. Owns these drawings. Measuring uses other
kinds, those of `measured_drawings`, which no network is trained on.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tabgrad.data import Samples
from tabgrad.data.seeding import generator, hashed
from tabgrad.data.strokes import CHUNK, Template, draw_chunk, normalise_many
from tabgrad.ink import Stroke

#: The label of a drawing that is not a digit.
NO_DIGIT = 255
#: The logit of the right digit in targets that are given as logits. Softmax makes it 1 - 2e-8.
CERTAIN = 20.0
KINDS = ("signs", "angles", "stacks")
#: Chunks of `CHUNK` drawings of each kind. They are drawn once; each use distorts them anew.
CHUNKS = 12

SIGNS: tuple[Template, ...] = (
    Template(10, "N", 1, "10,100 10,0! 90,100! 90,0"),
    Template(11, "V", 1, "6,0 50,100! 94,0"),
    Template(12, "L", 1, "20,0 20,50 20,100! 54,100 90,100"),
    Template(13, "P", 1, "20,100 20,50 20,0! 78,8 78,46 20,54"),
    Template(14, "h", 1, "16,0 16,50 16,100! 30,56 64,46 76,60 78,100"),
    Template(15, "n", 1, "12,30 12,66 12,100! 26,46 58,32 76,50 80,100"),
    Template(16, "f", 1, "80,8 54,0 40,20 38,100 / 14,46 40,45 66,44"),
    Template(17, "arrow", 1, "4,50 50,50 96,50 / 66,20 96,50! 66,80"),
    Template(18, "heart", 1, "50,100 6,40 26,4 50,28! 74,4 94,40 50,100"),
    Template(19, "tick", 1, "4,56 34,96! 66,50 98,4"),
    Template(20, "hash", 1, "34,2 30,50 26,98 / 74,2 70,50 66,98 / 4,34 50,34 96,34 / 4,68 50,68 96,68"),
    Template(21, "equals", 1, "6,34 50,34 94,34 / 6,70 50,70 94,70"),
    Template(22, "minus", 1, "2,50 50,50 98,50"),
    Template(23, "house", 1, "4,44 50,0! 96,44 / 14,44 14,98! 86,98! 86,44"),
    Template(24, "zigzag", 1, "0,80 14,20! 28,80! 42,20! 56,80! 72,20! 86,80! 100,20"),
    Template(25, "lying 8", 1, "50,50 24,24 4,50 24,76 50,50 76,24 96,50 76,76 50,50"),
    Template(26, "face", 1, "50,0 6,30 8,74 50,100 92,74 94,30 50,0 / 34,36 36,42 / 64,36 66,42 / 32,66 50,76 68,66"),
)


class OODSource:
    """An endless stream of out-of-distribution drawings, all with the label `NO_DIGIT`. Implements `Source`."""

    def __init__(self, seed: int, position: int = 0) -> None:
        self.seed, self.position = seed, position
        self._images: NDArray[np.uint8] = np.zeros((0, 28, 28), np.uint8)

    async def take(self, count: int) -> Samples:
        """The next `count` drawings, uint8 (count, 28, 28). The first call makes all drawings."""
        if not len(self._images):
            self._images = np.concatenate([draw(self.seed, kind, k) for kind in KINDS for k in range(CHUNKS)])
        rows = hashed(self.seed, np.arange(self.position, self.position + count)) % np.uint64(len(self._images))
        self.position += count
        return Samples(self._images[rows.astype(np.intp)], np.full(count, NO_DIGIT, np.uint8))


def draw(seed: int, kind: str, chunk: int) -> NDArray[np.uint8]:
    """Network inputs of one of `KINDS`, uint8 (n, 28, 28): `CHUNK` drawings, or somewhat fewer for stacks."""
    if kind == "signs":
        return normalise_many(draw_chunk(seed, 4 * chunk, templates=SIGNS)[0])
    if kind == "angles":
        return normalise_many([_angles(generator(seed, 4 * chunk + 1, k)) for k in range(CHUNK)])
    return normalise_many(_stacks(seed, chunk))


def _stacks(seed: int, chunk: int) -> list[list[Stroke]]:
    """A digit over or below another digit. Ones are left out: with them the result often is a digit."""
    (first, a), (second, b) = (draw_chunk(seed, 4 * chunk + 2 + i) for i in (0, 1))
    rng = generator(seed, 4 * chunk + 3, 1)
    moves = rng.normal(0, 0.2, (CHUNK, 2)) + np.array([0, 1.0]) * rng.randint(0, 2, (CHUNK, 1))
    places = np.flatnonzero((a != b) & (a != 1) & (b != 1))
    return [[*first[k], *(Stroke(s.points + moves[k].astype(np.float32), s.width) for s in second[k])] for k in places]


def _angles(rng: np.random.RandomState) -> list[Stroke]:
    """Straight lines: one or two strokes of five to eight points, or three to five strokes of two points."""
    many = rng.randint(0, 2)
    strokes, corners = ((3, 6), (2, 3)) if many else ((1, 3), (5, 9))
    shapes = [rng.rand(rng.randint(*corners), 2) for _ in range(rng.randint(*strokes))]
    return [Stroke(points.astype(np.float32)) for points in shapes]


def targets(labels: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Labels (n,) as logits (n, 10): certain of the digit, or all equal for `NO_DIGIT`."""
    logits: NDArray[np.float32] = np.float32(CERTAIN) * (labels[:, None] == np.arange(10)).astype(np.float32)
    return logits
