"""Example digits for the pad: strokes as a person would draw them, each press another digit.

`PageContext.try_example` shows them. They come from the stroke generator of `tabgrad.data`, with less variation than
its training digits have, so that people and networks can read nearly all of them. The same presses give the same ones.
"""

from __future__ import annotations

import numpy as np

from tabgrad.data.seeding import generator
from tabgrad.data.strokes import DIGITS, Variation, write
from tabgrad.ink import Snapshot, Stroke

from .prediction import PAD_UNITS

#: The order of the digits. No two neighbours look alike.
ORDER = (3, 7, 4, 8, 2, 5, 9, 6, 0, 1)
#: Height and greatest width of an example, as shares of the pad's side.
HEIGHT, WIDTH = 0.62, 0.66
#: A tidy hand.
VARIATION = Variation(
    jitter=0.012, bend=0.015, slant_spread=0.08, rotation_deg=3, aspect=0.4, lopsided=0.06, rounding=0.4, trim=0.03
)
SEED = 10
#: The number of the example that draws itself on a first visit: a 4.
GHOST = 2


def example(number: int) -> tuple[int, Snapshot]:
    """Example `number`, from 0 on: its digit, and the ink. Each round of ten has every digit, in another style."""
    turn, place = divmod(number, len(ORDER))
    digit = ORDER[place]
    styles = sorted((t for t in DIGITS if t.label == digit), key=lambda t: -t.weight)
    drawn = write(styles[turn % len(styles)], 1, VARIATION, generator(SEED, number))
    strokes = [points[0] for points in drawn]
    everything = np.concatenate(strokes)
    low, high = everything.min(axis=0), everything.max(axis=0)
    scale = PAD_UNITS * min(HEIGHT / (high[1] - low[1]), WIDTH / max(high[0] - low[0], 1e-6))
    middle = (low + high) / 2
    placed = [((points - middle) * scale + PAD_UNITS / 2).astype(np.float32) for points in strokes]
    return digit, Snapshot(tuple(Stroke(points) for points in placed))
