"""The visitor's own drawings as a data set. They are always split in the same way, and varied for training.

Owns the split, the variations, and the number of drawings that training needs. Opens no storage.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections import Counter
from collections.abc import Callable, Sequence

import numpy as np

from tabgrad.alphabet import DIGITS
from tabgrad.ink import DOT_SHARE, MAX_PEN_WIDTH, Stroke, ink_bounds

from .base import DataError, Samples, Source, check_indices, find_split
from .drawings import Drawing, DrawingsError, loads, split
from .seeding import generator
from .strokes import CHUNK, Pool, Variation, normalise_many, vary

#: Of four drawings of a digit, two are for training, one for validation and one for the test.
MIN_DRAWINGS_OF_A_DIGIT = 4
MIN_DIGITS = 2
#: An epoch has at least this many images, so that a few drawings make more than a few steps.
MIN_IMAGES_PER_EPOCH = 2_048
#: How much a drawing is varied: less than a template of the generator, because the visitor's handwriting is known.
OWN_VARIATION = Variation(bend=0.025, slant=0.0, slant_spread=0.1, rotation_deg=5.0, aspect=0.1, lopsided=0.1)


class OwnData:
    """Implements `base.RunData`. `fingerprint` changes with any drawing. DataError for too few drawings.

    Of each digit, in the order in which they were drawn, every second drawing is for training; the others alternate
    between validation and test. `drawings.split` makes the first cut, as it does for tuning the last layer, so that no
    run is tested on drawings that the last layer was tuned on.
    """

    alphabet = DIGITS

    def __init__(self, drawings: Sequence[Drawing], fingerprint: str) -> None:
        if missing := missing_drawings(drawings):
            plural = "s" if missing > 1 else ""
            raise DataError(
                f"Training takes at least {MIN_DRAWINGS_OF_A_DIGIT} of your drawings of each of {MIN_DIGITS} digits: "
                f"keep {missing} more drawing{plural} under “Your own test set” in “Data and mistakes”."
            )
        train, held_out = split(drawings)
        validation, test = split(held_out)
        self._drawings = {"train": train, "validation": validation, "test": test}
        self._images: dict[str, Samples] = {}
        self.fingerprint = fingerprint
        copies = -(-MIN_IMAGES_PER_EPOCH // len(train))
        self.count = len(train) * copies
        self.description = (
            f"{len(drawings)} of your drawings: {len(train)} to learn from, with variations, {len(validation)} for "
            f"validation and {len(test)} for the test"
        )

    def source(self, seed: int) -> Source:
        """See `RunData`. In an epoch each drawing comes equally often: once as it was drawn, then varied."""
        return Pool(seed, self.count, _chunk_maker(self._drawings["train"], self.count, seed))

    async def split(self, name: str) -> Samples:
        """See `RunData`. The drawings as they are, also for "train"."""
        if name not in self._images:
            drawings = find_split(self._drawings, name)
            pixels = np.zeros((len(drawings), 28, 28), np.uint8)
            for i, drawing in enumerate(drawings):
                pixels[i] = np.rint(drawing.image() * 255)
                if i % CHUNK == 0:
                    await asyncio.sleep(0)  # thousands of drawings take seconds, and a worker must answer in between
            self._images[name] = Samples(pixels, np.array([d.label for d in drawings], np.uint8))
        return self._images[name]

    async def samples(self, name: str, indices: Sequence[int]) -> Samples:
        check_indices(indices, name, self.size(name))
        everything, rows = await self.split(name), list(indices)
        return Samples(everything.images[rows], everything.labels[rows])

    def size(self, name: str) -> int:
        return len(find_split(self._drawings, name))


def open_own(content: bytes | None) -> OwnData:
    """The data set in a file of drawings, None if the visitor has kept none. Raises DataError."""
    try:
        return OwnData(loads(content) if content else [], fingerprint(content or b""))
    except DrawingsError as error:
        raise DataError(f"A network cannot learn from your drawings: {error}") from error


def fingerprint(content: bytes) -> str:
    """A short hash that tells one file of drawings from another: 16 hexadecimal digits."""
    return hashlib.sha256(content).hexdigest()[:16]


def missing_drawings(drawings: Sequence[Drawing]) -> int:
    """The smallest number of drawings that must be added before a network can learn from them; 0 for enough."""
    counts = [count for _, count in Counter(d.label for d in drawings).most_common(MIN_DIGITS)]
    counts += [0] * (MIN_DIGITS - len(counts))
    return sum(max(0, MIN_DRAWINGS_OF_A_DIGIT - count) for count in counts)


def _chunk_maker(drawings: Sequence[Drawing], size: int, seed: int) -> Callable[[int], Samples]:
    """A function that makes chunk k of a pool of `size` samples, from the seed and k alone."""
    # Shuffled, so that every chunk is a fair sample of digits and of variations.
    order = generator(seed, 0, 0).permutation(size)
    labels = np.array([d.label for d in drawings], np.uint8)
    shapes = [_in_unit_box(drawing) for drawing in drawings]

    def make(chunk: int) -> Samples:
        places = order[chunk * CHUNK : (chunk + 1) * CHUNK]
        which, copy = places % len(drawings), places // len(drawings)
        rng = generator(seed, 1, chunk)
        made: list[list[Stroke]] = [[] for _ in places]
        for k in np.unique(which):
            rows = np.flatnonzero(which == k)
            strokes = shapes[k]
            varied = vary([s.points.astype(np.float64) for s in strokes], len(rows), OWN_VARIATION, rng)
            for stroke, points in zip(strokes, varied, strict=True):
                for row, moved in zip(rows, points, strict=True):
                    as_drawn = copy[row] == 0
                    made[row].append(stroke if as_drawn else Stroke(moved.astype(np.float32), stroke.width))
        return Samples(normalise_many(made), labels[which])

    return make


def _in_unit_box(drawing: Drawing) -> list[Stroke]:
    """The strokes scaled into a box of side 1, as `vary` expects them.

    Wider pens than the page has would run into the next drawing of `normalise_many`.
    """
    bounds = ink_bounds(drawing.strokes)
    extent, middle = max(bounds.extent, DOT_SHARE * drawing.size), bounds.middle
    return [
        Stroke(((s.points - middle) / extent + 0.5).astype(np.float32), min(s.width, MAX_PEN_WIDTH))
        for s in drawing.strokes
    ]
