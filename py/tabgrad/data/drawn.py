"""Drawings as a data set: of any alphabet that a visitor has invented and drawn. They are varied for training.

Owns how a set is split, how its drawings are varied, and how many of them training needs. Opens no storage. The ten
digits of the visitor's own test set, which came first, are split in another way: `own`.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping, Sequence

import numpy as np

from tabgrad.alphabet import MIN_CLASSES, Labels
from tabgrad.ink import DOT_SHARE, MAX_PEN_WIDTH, Stroke, ink_bounds

from .base import DataError, Samples, Source, check_indices, find_split
from .drawings import Drawing, DrawingsError, DrawingSet, read_set
from .index import SPLITS, SplitName
from .seeding import generator
from .sets import SetHead
from .strokes import CHUNK, Pool, Variation, normalise_many, vary

#: Where the drawings of a class go, in the order in which they were made, again and again.
TURNS: tuple[SplitName, ...] = ("train", "validation", "train", "test", "train")
#: So many drawings of a class are enough: there is one for each turn.
MIN_DRAWINGS_OF_A_CLASS = len(TURNS)
#: An epoch has at least this many images, so that a few drawings make more than a few steps.
MIN_IMAGES_PER_EPOCH = 2_048
#: How much a drawing is varied: less than a template of the generator, because the visitor's handwriting is known.
VARIATION = Variation(bend=0.025, slant=0.0, slant_spread=0.1, rotation_deg=5.0, aspect=0.1, lopsided=0.1)
#: Classes that a sentence names.
_NAMED = 4


class DrawnData:
    """Implements `base.RunData` from the drawings of each split. `what` says in a few words what they are.

    `fingerprint` must change with any drawing.
    """

    def __init__(self, splits: Mapping[str, Sequence[Drawing]], alphabet: Labels, fingerprint: str, what: str) -> None:
        self._drawings = dict(splits)
        self._images: dict[str, Samples] = {}
        self.alphabet, self.fingerprint = alphabet, fingerprint
        train, validation, test = (len(splits[name]) for name in SPLITS)
        self.count = train * -(-MIN_IMAGES_PER_EPOCH // train)
        self.description = (
            f"{what}: {train} to learn from, with variations, {validation} for validation and {test} for the test"
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


async def drawn_blocks(data: DrawnData, split: SplitName) -> AsyncIterator[Samples]:
    """The images of a split, some at a time: those to learn from are what an epoch has, each drawing and variations."""
    if split != "train":
        yield await data.split(split)
        return
    source = data.source(0)
    for first in range(0, data.count, CHUNK):
        yield await source.take(min(CHUNK, data.count - first))
        await asyncio.sleep(0)


def open_drawn(content: bytes) -> DrawnData:
    """The data set in a file of drawings of any alphabet. Raises DataError with one sentence."""
    try:
        found = read_set(content)
    except DrawingsError as error:
        raise DataError(f"A network cannot learn from this alphabet: {error}") from error
    if missing := what_is_missing(found):
        raise DataError(missing)
    count = len(found.drawings)
    return DrawnData(
        in_splits(found.drawings), found.labels, fingerprint(content), f"{count:,} drawings of {found.name}"
    )


def in_splits(drawings: Sequence[Drawing]) -> dict[str, list[Drawing]]:
    """The drawings of each split: of each class, in order, as `TURNS` says. A new one moves no other."""
    splits: dict[str, list[Drawing]] = {name: [] for name in SPLITS}
    seen = Counter[int]()
    for drawing in drawings:
        splits[TURNS[seen[drawing.label] % len(TURNS)]].append(drawing)
        seen[drawing.label] += 1
    return splits


def what_is_missing(drawn: DrawingSet) -> str:
    """Why no network can learn from a set yet, in one sentence; empty if one can."""
    if len(drawn.labels) < MIN_CLASSES:
        return f"A network needs at least {MIN_CLASSES} classes to tell apart: add another one to this alphabet."
    lacking = [
        f"“{label}” {MIN_DRAWINGS_OF_A_CLASS - count} more"
        for label, count in zip(drawn.labels, drawn.counts(), strict=True)
        if count < MIN_DRAWINGS_OF_A_CLASS
    ]
    if not lacking:
        return ""
    named, others = lacking[:_NAMED], len(lacking) - _NAMED
    if others > 0:
        named.append(f"{others} other {'class' if others == 1 else 'classes'} some")
    listed = named[0] if len(named) == 1 else f"{', '.join(named[:-1])} and {named[-1]}"
    return f"Training takes at least {MIN_DRAWINGS_OF_A_CLASS} drawings of each class: {listed}."


def head_of(set_id: str, drawn: DrawingSet) -> SetHead:
    """What the page keeps of a set of at least two classes beside its drawings."""
    counts: dict[str, tuple[int, ...]] = {
        name: tuple(DrawingSet("", drawn.labels, tuple(drawings)).counts())
        for name, drawings in in_splits(drawn.drawings).items()
    }
    return SetHead(set_id, drawn.name, "drawings", drawn.labels, counts, "Drawn on this page")


def fingerprint(content: bytes) -> str:
    """A short hash that tells one file of drawings from another: 16 hexadecimal digits."""
    return hashlib.sha256(content).hexdigest()[:16]


def _chunk_maker(drawings: Sequence[Drawing], size: int, seed: int) -> Callable[[int], Samples]:
    """A function that makes chunk k of a pool of `size` samples, from the seed and k alone."""
    # Shuffled, so that every chunk is a fair sample of classes and of variations.
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
            varied = vary([s.points.astype(np.float64) for s in strokes], len(rows), VARIATION, rng)
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
