"""An endless stream of handwritten digits, generated from the templates and drawn many at once.

Owns the stream: which template comes next, how it is varied, how wide the pen is. Sample p of a seed is always the same
digit, so that runs can be resumed and repeated. It takes MNIST's place on a site without MNIST, and has styles of
handwriting that MNIST lacks.

Drawings become network inputs with the functions that prepare the visitor's own drawing: they are laid out on one large
sheet, so far apart that they do not touch, and one call of `ink.rasterise` draws them all. Each result equals that of
`ink.normalise`, but for rounding (a test compares them).
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tabgrad.ink import BOX_PX, CENTRE_PX, SIZE_PX, Stroke, centres_of_mass, fit_box, rasterise

from ..base import Samples, joined
from ..seeding import generator
from .shapes import Variation, write
from .templates import DIGITS, Template

#: Digits that are generated at once. They depend on the seed and the number of the chunk alone.
CHUNK = 256
#: Standard deviation of the natural logarithm of the pen's width.
WIDTH_SPREAD = 0.12
#: Side of a drawing's place on the sheet: ink can lie 20 pixels and half a soft edge away from its centre of mass.
_PLACE_PX = 44


def draw_chunk(
    seed: int, chunk: int, templates: Sequence[Template] = DIGITS
) -> tuple[list[list[Stroke]], NDArray[np.uint8]]:
    """Chunk number `chunk` of the stream: `CHUNK` drawings, about 1 high, and their labels, uint8 (CHUNK,)."""
    rng = generator(seed, chunk)
    labels = np.array([t.label for t in templates])
    share = np.array([t.weight for t in templates], np.float64)
    share /= np.bincount(labels, share)[labels]
    choice = rng.choice(len(templates), CHUNK, p=share / share.sum())
    widths = np.exp(rng.normal(0, WIDTH_SPREAD, CHUNK))
    drawings: list[list[Stroke]] = [[] for _ in range(CHUNK)]
    for k in np.unique(choice):
        places = np.flatnonzero(choice == k)
        for stroke in write(templates[k], len(places), Variation(), rng):
            for place, points in zip(places, stroke, strict=True):
                drawings[place].append(Stroke(points.astype(np.float32), float(widths[place])))
    return drawings, labels[choice].astype(np.uint8)


def normalise_many(drawings: Sequence[Sequence[Stroke]]) -> NDArray[np.uint8]:
    """The network's inputs for n drawings, of one or more strokes each: uint8 (n, 28, 28), 255 is ink."""
    # Points in pixels of the box, and widths. Not as `Stroke`: its checks would take time.
    boxed = []
    for strokes in drawings:
        fit = fit_box(strokes)
        boxed.append([(fit.place(s.points), s.width) for s in strokes])
    columns = math.ceil(math.sqrt(len(drawings)))
    corners = np.array([(k % columns, k // columns) for k in range(len(drawings))]) * _PLACE_PX
    margin = (_PLACE_PX - BOX_PX) // 2
    centres = centres_of_mass(_draw(boxed, corners + margin, columns, corners + margin, BOX_PX))
    margin = (_PLACE_PX - SIZE_PX) // 2
    images = _draw(boxed, corners + margin + CENTRE_PX - centres, columns, corners + margin, SIZE_PX)
    return np.rint(images * 255).astype(np.uint8)


def _draw(
    drawings: Sequence[Sequence[tuple[NDArray[np.float32], float]]],
    offsets: NDArray[np.floating],
    columns: int,
    corners: NDArray[np.integer],
    size: int,
) -> NDArray[np.float32]:
    """Draw each at its offset on one sheet, and cut out the squares at `corners`: float32 (n, size, size)."""
    strokes = [
        Stroke(points + offset.astype(np.float32), width)
        for drawing, offset in zip(drawings, offsets, strict=True)
        for points, width in drawing
    ]
    sheet = rasterise(strokes, columns * _PLACE_PX)
    return np.stack([sheet[y : y + size, x : x + size] for x, y in corners])


def render_chunk(seed: int, chunk: int) -> Samples:
    """Chunk number `chunk` of the stream as network inputs: `CHUNK` samples of 28x28 pixels."""
    drawings, labels = draw_chunk(seed, chunk)
    return Samples(normalise_many(drawings), labels)


class StrokeSource:
    """An endless stream of generated digits. Implements `base.Source`."""

    def __init__(self, seed: int) -> None:
        self.seed, self.position = seed, 0
        self._chunk, self._samples = -1, Samples(np.zeros((0, 28, 28), np.uint8), np.zeros(0, np.uint8))

    async def take(self, count: int) -> Samples:
        """The next `count` digits: images uint8 (count, 28, 28), labels uint8 (count,)."""
        return self.take_now(count)

    def take_now(self, count: int) -> Samples:
        """As `take`, without waiting."""
        parts = []
        while count:
            chunk, offset = divmod(self.position, CHUNK)
            if chunk != self._chunk:
                self._chunk, self._samples = chunk, render_chunk(self.seed, chunk)
            images, labels = self._samples
            parts.append(Samples(images[offset : offset + count], labels[offset : offset + count]))
            count -= len(parts[-1].labels)
            self.position += len(parts[-1].labels)
        return joined(parts)
