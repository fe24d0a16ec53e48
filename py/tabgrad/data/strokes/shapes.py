"""Turns templates into many different handwritings of themselves: points only, no pixels.

Owns the variation of shapes: jitter of the control points, proportions, elastic bending, slant, rotation, a pen that
is fast (rounds corners, overshoots or stops short) or unsteady (tremor), strokes that do not quite meet.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from .templates import ASPECT, Template

Points = NDArray[np.float64]

#: Points of a dense polyline for each piece between two control points.
_PER_PIECE = 6
_WAVES = 3


@dataclass(frozen=True, slots=True)
class Hand:
    """How much handwriting varies. Lengths in heights of the digit; spreads are standard deviations.

    `jitter`: of control points. `bend`: elastic, amplitude of slow waves. `slant`, `slant_spread`: shear to the
    right. `rotation_deg`. `aspect`: factor on each digit's own spread of proportions. `lopsided`: top against bottom.
    `rounding` 0..1: at most this share of a point is its neighbours'. `tremor`: of dense points. `gap`: offset of
    second strokes. `trim`: at most this share of a stroke is cut off at each end.
    """

    jitter: float = 0.03
    bend: float = 0.035
    slant: float = 0.08
    slant_spread: float = 0.2
    rotation_deg: float = 5.0
    aspect: float = 1.0
    lopsided: float = 0.15
    rounding: float = 0.6
    tremor: float = 0.004
    gap: float = 0.025
    trim: float = 0.08


def write(template: Template, count: int, hand: Hand, rng: np.random.RandomState) -> list[Points]:
    """`count` handwritings of `template`: for each of its strokes the points (count, m, 2), about 1 high."""
    strokes = []
    for number, (control, corners) in enumerate(template.strokes()):
        moved = control + rng.normal(0, hand.jitter, (count, *control.shape))
        if number:
            moved += rng.normal(0, hand.gap, (count, 1, 2))
        dense = _spline(tuple(corners.tolist())) @ moved
        strokes.append(_pen(dense, hand, rng))
    return _deform(strokes, *ASPECT[template.label % len(ASPECT)], hand, rng)


def vary(strokes: Sequence[Points], count: int, hand: Hand, rng: np.random.RandomState) -> list[Points]:
    """`count` handwritings of one drawing, about 1 high: each of its strokes (m, 2) becomes (count, m, 2).

    Its proportions vary around its own, by `hand.aspect` as a spread (natural logarithm).
    """
    return _deform([np.repeat(points[None], count, axis=0) for points in strokes], 1.0, 1.0, hand, rng)


@cache
def _spline(corners: tuple[bool, ...]) -> NDArray[np.float64]:
    """(m, n) matrix from n control points to the dense curve through them.

    Cubic Hermite pieces with Catmull-Rom tangents (Catmull and Rom, 1974); at ends and corners the tangent is the
    one of the piece alone, so that it does not swing out.
    """
    n = len(corners)
    identity = np.eye(n)
    t = np.arange(_PER_PIECE)[:, None] / _PER_PIECE
    pieces = []
    for i in range(n - 1):
        chord = identity[i + 1] - identity[i]
        tangent = [
            chord if k in (0, n - 1) or corners[k] else (identity[k + 1] - identity[k - 1]) / 2 for k in (i, i + 1)
        ]
        pieces.append(
            (2 * t**3 - 3 * t**2 + 1) * identity[i]
            + (t**3 - 2 * t**2 + t) * tangent[0]
            + (3 * t**2 - 2 * t**3) * identity[i + 1]
            + (t**3 - t**2) * tangent[1]
        )
    matrix: NDArray[np.float64] = np.concatenate([*pieces, identity[-1:]])
    return matrix


def _pen(points: Points, hand: Hand, rng: np.random.RandomState) -> Points:
    """What the pen makes of a stroke (count, m, 2): speed rounds corners, ends are missed, the hand trembles."""
    count, m, _ = points.shape
    for _ in range(2):
        share = rng.uniform(0, hand.rounding, (count, 1, 1))
        middle = (points[:, :-2] + points[:, 2:]) / 2
        points[:, 1:-1] += share * (middle - points[:, 1:-1])
    points += rng.normal(0, hand.tremor, points.shape)
    if m > 2 * _PER_PIECE:
        # A missed end repeats the first point that was made: all strokes of a batch keep the same number of points.
        first = (rng.uniform(0, hand.trim, (count, 1)) * m).astype(np.intp)
        last = m - 1 - (rng.uniform(0, hand.trim, (count, 1)) * m).astype(np.intp)
        index = np.arange(m).clip(first, last)
        points = np.take_along_axis(points, index[..., None], 1)
    return points


def _deform(
    strokes: Sequence[Points], aspect: float, spread: float, hand: Hand, rng: np.random.RandomState
) -> list[Points]:
    """Move all strokes of each handwriting by the same random, smooth deformation of the plane."""
    count = len(strokes[0])

    def normal(spread: float) -> NDArray[np.float64]:
        return rng.normal(0, spread, (count, 1))

    width = aspect * np.exp(normal(spread * hand.aspect))
    slant = hand.slant + normal(hand.slant_spread)
    angle = np.deg2rad(normal(hand.rotation_deg))
    cos, sin = np.cos(angle), np.sin(angle)
    taper, sag = normal(hand.lopsided), normal(hand.lopsided)
    frequency = rng.uniform(-1, 1, (count, 1, _WAVES, 2)) * 2 * np.pi
    phase = rng.uniform(0, 2 * np.pi, (count, 1, _WAVES))
    amplitude = rng.normal(0, hand.bend, (count, 1, _WAVES, 2))
    out = []
    for points in strokes:
        wave = np.sin(np.einsum("nmd,nokd->nmk", points, frequency) + phase)
        bent = points + np.einsum("nmk,nokd->nmd", wave, amplitude)
        x, y = bent[..., 0] - 0.5, bent[..., 1] - 0.5
        x = x * width * (1 + taper * y) - slant * y
        y = y + sag * (0.25 - y * y)
        out.append(np.stack([cos * x - sin * y, sin * x + cos * y], -1))
    return out
