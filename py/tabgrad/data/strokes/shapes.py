"""Turns a template or a drawing into many handwritten variants of it, as points. Draws no pixels.

Owns how shapes vary: jitter of the control points, proportions, elastic bending, slant, rotation, a fast pen (rounded
corners, strokes that start late or stop early), an unsteady pen (tremor), and strokes that do not quite meet.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from .templates import ASPECT, Template

Points = NDArray[np.float64]

#: Points of the dense polyline for each piece between two control points.
_PER_PIECE = 6
#: Sine waves that make up the elastic bending.
_WAVES = 3


@dataclass(frozen=True, slots=True)
class Variation:
    """How much handwriting varies. Lengths are in heights of the digit.

    Standard deviations: `jitter` of the displacement of each control point; `bend` of the amplitude of the slow waves
    that bend the whole digit; `slant_spread` of the shear to the right, whose mean is `slant`; `rotation_deg`;
    `lopsided` of the difference between top and bottom; `tremor` of the displacement of each point of the dense curve;
    `gap` of the offset of each stroke after the first.

    Largest values: `rounding` (0..1), how far corners move towards the middle of their neighbours; `trim`, the share of
    a stroke that is cut off at each end. `aspect` multiplies the spread of each digit's proportions.
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


def write(
    template: Template,
    count: int,
    variation: Variation,
    rng: np.random.RandomState,
    proportions: tuple[float, float] | None = None,
) -> list[Points]:
    """`count` variants of `template`, about 1 high: for each of its strokes the points, float64 (count, m, 2).

    `proportions` are the usual width over height and the standard deviation of its logarithm; by default the digit's.
    """
    strokes = []
    for number, (control, corners) in enumerate(template.strokes()):
        moved = control + rng.normal(0, variation.jitter, (count, *control.shape))
        if number:
            moved += rng.normal(0, variation.gap, (count, 1, 2))
        dense = _spline(tuple(corners.tolist())) @ moved
        strokes.append(_pen(dense, variation, rng))
    return _deform(strokes, *(proportions or ASPECT[template.label % len(ASPECT)]), variation, rng)


def vary(strokes: Sequence[Points], count: int, variation: Variation, rng: np.random.RandomState) -> list[Points]:
    """`count` variants of a drawing about 1 high: each of its strokes, float64 (m, 2), becomes (count, m, 2).

    `variation.aspect` is the standard deviation of the natural logarithm of the aspect ratio.
    """
    return _deform([np.repeat(points[None], count, axis=0) for points in strokes], 1.0, 1.0, variation, rng)


@cache
def _spline(corners: tuple[bool, ...]) -> NDArray[np.float64]:
    """(m, n) matrix from n control points to the dense curve through them.

    Cubic Hermite pieces with Catmull-Rom tangents (Catmull and Rom, A class of local interpolating splines, 1974). At
    ends and corners the tangent is that of the piece itself, so that the curve does not overshoot.
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


def _pen(points: Points, variation: Variation, rng: np.random.RandomState) -> Points:
    """Draw a stroke (count, m, 2) as a pen would: round the corners, cut off the ends, add tremor."""
    count, m, _ = points.shape
    for _ in range(2):
        share = rng.uniform(0, variation.rounding, (count, 1, 1))
        middle = (points[:, :-2] + points[:, 2:]) / 2
        points[:, 1:-1] += share * (middle - points[:, 1:-1])
    points += rng.normal(0, variation.tremor, points.shape)
    if m > 2 * _PER_PIECE:
        # Points cut off are replaced by the nearest one left: all variants of a stroke have the same number of points.
        first = (rng.uniform(0, variation.trim, (count, 1)) * m).astype(np.intp)
        last = m - 1 - (rng.uniform(0, variation.trim, (count, 1)) * m).astype(np.intp)
        index = np.arange(m).clip(first, last)
        points = np.take_along_axis(points, index[..., None], 1)
    return points


def _deform(
    strokes: Sequence[Points], aspect: float, spread: float, variation: Variation, rng: np.random.RandomState
) -> list[Points]:
    """Apply one random, smooth deformation of the plane to all strokes of each variant."""
    count = len(strokes[0])

    def normal(spread: float) -> NDArray[np.float64]:
        return rng.normal(0, spread, (count, 1))

    width = aspect * np.exp(normal(spread * variation.aspect))
    slant = variation.slant + normal(variation.slant_spread)
    angle = np.deg2rad(normal(variation.rotation_deg))
    cos, sin = np.cos(angle), np.sin(angle)
    taper, sag = normal(variation.lopsided), normal(variation.lopsided)
    frequency = rng.uniform(-1, 1, (count, 1, _WAVES, 2)) * 2 * np.pi
    phase = rng.uniform(0, 2 * np.pi, (count, 1, _WAVES))
    amplitude = rng.normal(0, variation.bend, (count, 1, _WAVES, 2))
    out = []
    for points in strokes:
        wave = np.sin(np.einsum("nmd,nokd->nmk", points, frequency) + phase)
        bent = points + np.einsum("nmk,nokd->nmd", wave, amplitude)
        x, y = bent[..., 0] - 0.5, bent[..., 1] - 0.5
        x = x * width * (1 + taper * y) - slant * y
        y = y + sag * (0.25 - y * y)
        out.append(np.stack([cos * x - sin * y, sin * x + cos * y], -1))
    return out
