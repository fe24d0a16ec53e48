"""Ready alphabets for a lesson: shapes, arrows and an invented script, drawn by our own generator.

Owns which lessons there are and how their drawings vary; the signs themselves are in `lesson_templates`. A lesson is a
list of drawings, as if somebody had drawn them on the pad: the same ones at each visit, and more can be added by hand.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from tabgrad.alphabet import Labels, check_labels
from tabgrad.ink import Stroke

from .drawings import Drawing, DrawingSet
from .lesson_templates import ARROWS, SCRIPT, SHAPES, Styles
from .seeding import generator
from .strokes import Template, Variation, write

#: Drawings of each sign: enough to train on, and few enough to look at.
DRAWINGS_OF_A_SIGN = 20
#: Side of the pad that they are drawn on.
PAD_SIZE = 280.0
#: How large a sign is on the pad, as a share of its side: the mean, and the standard deviation of its logarithm.
_SHARE, _SHARE_SPREAD = 0.58, 0.12
#: The most that it takes up, and how far it stays away from the pad's edge.
_LARGEST_SHARE, _MARGIN = 0.86, 0.06
#: How far a sign lies from the middle of the pad: standard deviation, as a share of its side.
_SHIFT = 0.03
#: Standard deviation of the natural logarithm of a sign's width over its height, and of the pen's width.
_ASPECT_SPREAD, _WIDTH_SPREAD = 0.1, 0.08
#: Less than for digits: slant and rotation are part of what tells arrows apart.
_VARIATION = Variation(
    jitter=0.02,
    bend=0.03,
    slant=0.0,
    slant_spread=0.08,
    rotation_deg=4.0,
    lopsided=0.1,
    rounding=0.4,
    gap=0.015,
    trim=0.05,
)


@dataclass(frozen=True, slots=True)
class Lesson:
    """`title`: what the page calls it. `note`: one sentence on what to do with it. `styles`: the signs."""

    title: str
    note: str
    styles: Styles

    @property
    def labels(self) -> Labels:
        """The labels of its signs, in the order of the bars."""
        return check_labels(tuple(self.styles))

    @property
    def templates(self) -> tuple[Template, ...]:
        """All styles of all signs; labels are numbers in the order of `labels`."""
        return tuple(
            Template(label, f"{name} {number}", 1.0, path)
            for label, (name, paths) in enumerate(self.styles.items())
            for number, path in enumerate(paths, 1)
        )

    def make(self, size: float) -> DrawingSet:
        """The alphabet as the page opens it, on a pad of side `size`."""
        scale = np.float32(size / PAD_SIZE)
        drawings = (
            Drawing(d.label, tuple(Stroke(s.points * scale, s.width) for s in d.strokes), size) for d in self.draw()
        )
        return DrawingSet(self.title, self.labels, tuple(drawings))

    def draw(self, count: int = DRAWINGS_OF_A_SIGN, seed: int = 0) -> list[Drawing]:
        """`count` drawings of each sign, sign by sign, its styles in turn. `seed` 0 gives those that the page shows.

        Drawing k of a sign is the same whatever `count` is.
        """
        by_sign: list[list[Template]] = [[] for _ in self.labels]
        for template in self.templates:
            by_sign[template.label].append(template)
        return [
            _draw(styles[k % len(styles)], generator(seed, label, k))
            for label, styles in enumerate(by_sign)
            for k in range(count)
        ]


#: The lessons by the name that addresses have for them, which must not change.
LESSONS: Mapping[str, Lesson] = {
    "shapes": Lesson("Shapes", "Ten shapes: train a network on them, then draw a star yourself.", SHAPES),
    "arrows": Lesson("Arrows", "Arrows to eight sides: which of them does a network mix up?", ARROWS),
    "script": Lesson("A secret script", "Ten invented signs that no network has seen before.", SCRIPT),
}


def _draw(template: Template, rng: np.random.RandomState) -> Drawing:
    """One drawing on a pad, somewhere near its middle."""
    strokes = write(template, 1, _VARIATION, rng, proportions=(1.0, _ASPECT_SPREAD))
    everything = np.concatenate([points[0] for points in strokes])
    low, high = everything.min(0), everything.max(0)
    share = min(_SHARE * np.exp(rng.normal(0, _SHARE_SPREAD)), _LARGEST_SHARE / (high - low).max())
    middle = 0.5 + rng.normal(0, _SHIFT, 2)
    # moved back where it would stick out
    middle = np.clip(middle, _MARGIN - share * low, 1 - _MARGIN - share * high)
    width = float(np.exp(rng.normal(0, _WIDTH_SPREAD)))
    placed = [Stroke((PAD_SIZE * (middle + share * points[0])).astype(np.float32), width) for points in strokes]
    return Drawing(template.label, tuple(placed), PAD_SIZE)
