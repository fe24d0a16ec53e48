"""An example digit, and how it looks while it is being written. Draws nothing."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tabgrad.data.strokes import DIGITS, Variation, write
from tabgrad.ink import Stroke

#: Side of the pad in the units of its strokes, and the height of the example.
PAD_UNITS, HEIGHT = 280.0, 176.0
#: The template that is shown, by its digit and its name, and what becomes of it.
DIGIT, STYLE = 4, "open"
PLAIN = Variation(
    jitter=0.012, bend=0.02, slant=0.1, slant_spread=0, rotation_deg=0, aspect=0, lopsided=0, tremor=0.001
)


def example_digit() -> tuple[Stroke, ...]:
    """A four in the middle of the pad, as somebody would write it, always the same."""
    template = next(t for t in DIGITS if (t.label, t.name) == (DIGIT, STYLE))
    lines = [points[0] for points in write(template, 1, PLAIN, np.random.RandomState(5))]
    everything = np.concatenate(lines)
    low, high = everything.min(axis=0), everything.max(axis=0)
    scale = HEIGHT / (high[1] - low[1])
    middle = (low + high) / 2
    return tuple(Stroke(((points - middle) * scale + PAD_UNITS / 2).astype(np.float32)) for points in lines)


def grown(strokes: Sequence[Stroke], share: float) -> tuple[Stroke, ...]:
    """The first `share` (0..1) of a drawing, by the way that the pen has gone. Nothing is left of it at 0."""
    if share >= 1:
        return tuple(strokes)
    steps = [np.hypot(*np.diff(stroke.points.astype(np.float64), axis=0).T) for stroke in strokes]
    left = share * sum(float(step.sum()) for step in steps)
    found = list[Stroke]()
    for stroke, step in zip(strokes, steps, strict=True):
        if left <= 0:
            break
        gone = np.concatenate([[0.0], np.cumsum(step)])
        if left < gone[-1]:
            ends = [np.interp(left, gone, stroke.points[:, axis]) for axis in (0, 1)]
            found.append(
                Stroke(np.concatenate([stroke.points[gone < left], np.array([ends], np.float32)]), stroke.width)
            )
        else:
            found.append(stroke)
        left -= float(gone[-1])
    return tuple(found)
