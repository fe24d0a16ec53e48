"""The visitor's own drawings as a data set: always split in the same way, and varied to learn from.

Owns the split, the variations, and what must be there before a network can learn from them. Opens no storage.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections import Counter
from collections.abc import Callable, Sequence

import numpy as np

from tabgrad.ink import DOT_SHARE, Stroke, ink_bounds

from .batches import Source
from .drawings import Drawing, DrawingsError, loads, split
from .errors import DataError
from .reader import Samples
from .seeding import generator
from .strokes import CHUNK, Hand, Pool, normalise_many, vary

#: So many of a digit give two drawings to learn from, one for validation and one for the test.
LEAST_OF_A_DIGIT = 4
LEAST_DIGITS = 2
#: An epoch has at least so many images, however few drawings they are made from.
LEAST_PER_EPOCH = 2_048
#: How far a variation may go from what was drawn: the hand is known already, so less than the generator's strangers.
NEAR = Hand(bend=0.025, slant=0.0, slant_spread=0.1, rotation_deg=5.0, aspect=0.1, lopsided=0.1)
#: Pens wider than this are no pens of this page; their ink would run into the next drawing on the sheet.
WIDEST_PEN = 4.0
WHERE = "under “Your own test set” in “Data and mistakes”"


class OwnData:
    """Implements `sets.RunData`. `fingerprint` changes with any drawing.

    Of each digit, in the order in which they were made, every second drawing is learned from; the others go to
    validation and test in turn. So the halves are those of `drawings.split`: what the last layer was tuned on is
    never what a run is tested on. DataError, which says what is missing, for too few drawings.
    """

    def __init__(self, drawings: Sequence[Drawing], fingerprint: str) -> None:
        if missing := missing_drawings(drawings):
            plural = "s" if missing > 1 else ""
            raise DataError(
                f"There are too few drawings of yours to learn from: it takes {LEAST_OF_A_DIGIT} of each of "
                f"{LEAST_DIGITS} digits. Keep {missing} more drawing{plural} {WHERE}."
            )
        learn, held_out = split(drawings)
        validation, test = split(held_out)
        self._drawings = {"train": learn, "validation": validation, "test": test}
        self._images: dict[str, Samples] = {}
        self.fingerprint = fingerprint
        copies = -(-LEAST_PER_EPOCH // len(learn))
        self.count = len(learn) * copies
        self.description = (
            f"{len(drawings)} drawings of yours: {len(learn)} varied to learn from, {len(validation)} for validation, "
            f"{len(test)} for the test"
        )

    def source(self, seed: int) -> Source:
        """See `RunData`. Each drawing comes equally often: once as it was drawn, then varied."""
        learn = self._drawings["train"]
        return Pool(seed, self.count, _drawer(learn, self.count, seed))

    async def split(self, name: str) -> Samples:
        """See `RunData`. The drawings as they are."""
        if name not in self._images:
            drawings = self._of(name)
            pixels = np.zeros((len(drawings), 28, 28), np.uint8)
            for i, drawing in enumerate(drawings):
                pixels[i] = np.rint(drawing.image() * 255)
                if i % CHUNK == 0:
                    await asyncio.sleep(0)  # thousands of drawings take seconds, in which a worker must answer
            self._images[name] = Samples(pixels, np.array([d.label for d in drawings], np.uint8))
        return self._images[name]

    async def samples(self, name: str, indices: Sequence[int]) -> Samples:
        """See `RunData`."""
        if any(not 0 <= i < self.size(name) for i in indices):
            raise DataError(f"The {name} split of your drawings has {self.size(name)} images.")
        everything, rows = await self.split(name), list(indices)
        return Samples(everything.images[rows], everything.labels[rows])

    def size(self, name: str) -> int:
        """See `RunData`."""
        return len(self._of(name))

    def _of(self, name: str) -> list[Drawing]:
        if name not in self._drawings:
            raise DataError(f"Your drawings are split into {', '.join(self._drawings)}; there is no {name[:40]!r}.")
        return self._drawings[name]


def open_own(content: bytes | None) -> OwnData:
    """The data set in a file of drawings, None if there is none. Raises DataError."""
    try:
        return OwnData(loads(content) if content else [], fingerprint(content or b""))
    except DrawingsError as error:
        raise DataError(f"Your drawings cannot be learned from: {error}") from error


def fingerprint(content: bytes) -> str:
    """What tells one set of drawings from another."""
    return hashlib.sha256(content).hexdigest()[:16]


def missing_drawings(drawings: Sequence[Drawing]) -> int:
    """How many more drawings there must be at least before a network can learn from them; 0 if there are enough."""
    most = [count for _, count in Counter(d.label for d in drawings).most_common(LEAST_DIGITS)]
    most += [0] * (LEAST_DIGITS - len(most))
    return sum(max(0, LEAST_OF_A_DIGIT - count) for count in most)


def _drawer(drawings: Sequence[Drawing], size: int, seed: int) -> Callable[[int], Samples]:
    """Makes chunks of a pool of `size` samples that depend on the seed and the chunk alone."""
    # Shuffled, so that every chunk is a fair sample of digits and of variations.
    order = generator(seed, 0, 0).permutation(size)
    labels = np.array([d.label for d in drawings], np.uint8)
    shapes = [_unit(drawing) for drawing in drawings]

    def draw(chunk: int) -> Samples:
        places = order[chunk * CHUNK : (chunk + 1) * CHUNK]
        which, copy = places % len(drawings), places // len(drawings)
        rng = generator(seed, 1, chunk)
        made: list[list[Stroke]] = [[] for _ in places]
        for k in np.unique(which):
            rows = np.flatnonzero(which == k)
            strokes = shapes[k]
            varied = vary([s.points.astype(np.float64) for s in strokes], len(rows), NEAR, rng)
            for stroke, points in zip(strokes, varied, strict=True):
                for row, moved in zip(rows, points, strict=True):
                    as_drawn = copy[row] == 0
                    made[row].append(stroke if as_drawn else Stroke(moved.astype(np.float32), stroke.width))
        return Samples(normalise_many(made), labels[which])

    return draw


def _unit(drawing: Drawing) -> list[Stroke]:
    """Its strokes in a box of side 1, as the variations are defined for."""
    bounds = ink_bounds(drawing.strokes)
    extent, middle = max(bounds.extent, DOT_SHARE * drawing.size), bounds.middle
    return [
        Stroke(((s.points - middle) / extent + 0.5).astype(np.float32), min(s.width, WIDEST_PEN))
        for s in drawing.strokes
    ]
