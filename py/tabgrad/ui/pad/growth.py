"""How a drawing looks while it is being written. Draws nothing."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tabgrad.ink import Stroke


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
