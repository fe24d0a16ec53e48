"""The visitor's own labelled drawings: their file format, and a fair split into training and held-out drawings.

A file is JSON: {"format": "tabgrad-drawings", "version": 1, "size": side of the pad, "drawings": [{"label": 7,
"strokes": [{"width": 1.0, "points": [x0, y0, x1, y1, ...]}]}]}, with y pointing down. Owns this format; stores nothing.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tabgrad.incoming import is_finite, read_json
from tabgrad.ink import DOT_SHARE, Stroke, normalise

FORMAT = "tabgrad-drawings"
VERSION = 1
#: More drawings would fill the browser's storage.
MAX_DRAWINGS = 10_000
#: Points in a stroke.
MAX_POINTS = 10_000
#: Widths of strokes; 1 is the normal pen.
MIN_WIDTH, MAX_WIDTH = 0.01, 99
#: Strokes in a drawing.
MAX_STROKES = 2_000
DAMAGED = "The file of drawings is damaged; nothing was imported."


class DrawingsError(ValueError):
    """A file of drawings cannot be used. The message is one sentence for the visitor."""


@dataclass(frozen=True, slots=True, eq=False)
class Drawing:
    """`strokes` on a square pad of side `size`, in its units, and the digit 0..9 that they show."""

    label: int
    strokes: tuple[Stroke, ...]
    size: float

    def image(self) -> NDArray[np.float32]:
        """The network's input, as from the pad: (28, 28) float32 in 0..1."""
        return normalise(self.strokes, DOT_SHARE * self.size)


def dumps(drawings: Sequence[Drawing], size: float) -> str:
    """The text of a file. Drawings are scaled to a pad of side `size` and rounded to a hundredth of a unit."""
    items = [
        {
            "label": d.label,
            "strokes": [
                {
                    "width": round(float(s.width), 3),
                    "points": np.round(s.points.astype(np.float64).ravel() * size / d.size, 2).tolist(),
                }
                for s in d.strokes
            ],
        }
        for d in drawings
    ]
    return json.dumps({"format": FORMAT, "version": VERSION, "size": size, "drawings": items}, separators=(",", ":"))


def loads(text: str | bytes) -> list[Drawing]:
    """Parse and check a file. Raises DrawingsError, and no other error, for any text."""
    try:
        body = read_json(text)
    except ValueError as error:
        raise DrawingsError(DAMAGED) from error
    if not isinstance(body, dict) or body.get("format") != FORMAT:
        raise DrawingsError("This is not a file of drawings from this page; nothing was imported.")
    if body.get("version") != VERSION:
        raise DrawingsError("This file of drawings is from another version of the page; nothing was imported.")
    size: Any = body.get("size")
    drawings: Any = body.get("drawings")
    if not is_finite(size) or not 1 <= size < 1e6 or not isinstance(drawings, list):
        raise DrawingsError(DAMAGED)
    if len(drawings) > MAX_DRAWINGS:
        raise DrawingsError(f"This file has more than {MAX_DRAWINGS:,} drawings; nothing was imported.")
    return [_drawing(item, float(size)) for item in drawings]


def _drawing(item: Any, size: float) -> Drawing:
    if not isinstance(item, dict) or not isinstance(item.get("strokes"), list):
        raise DrawingsError(DAMAGED)
    label = item.get("label")
    if type(label) is not int or not 0 <= label <= 9:
        raise DrawingsError("A drawing in this file is not labelled with a digit; nothing was imported.")
    if len(item["strokes"]) > MAX_STROKES:
        raise DrawingsError(f"A drawing in this file has more than {MAX_STROKES:,} strokes; nothing was imported.")
    strokes = tuple(_stroke(s, size) for s in item["strokes"])
    if not strokes:
        raise DrawingsError("A drawing in this file is empty; nothing was imported.")
    return Drawing(label, strokes, size)


def _stroke(item: Any, size: float) -> Stroke:
    if not isinstance(item, dict) or not is_finite(item.get("width")) or not isinstance(item.get("points"), list):
        raise DrawingsError(DAMAGED)
    if not MIN_WIDTH <= item["width"] <= MAX_WIDTH:
        raise DrawingsError("A stroke in this file has a width that no pen has; nothing was imported.")
    if len(item["points"]) > 2 * MAX_POINTS:
        raise DrawingsError(f"A stroke in this file has more than {MAX_POINTS:,} points; nothing was imported.")
    try:
        points = np.array(item["points"])
        if points.dtype.kind not in "if" or points.ndim != 1 or np.abs(points).max(initial=0) > 10 * size:
            raise DrawingsError("A drawing in this file lies far outside the pad; nothing was imported.")
        return Stroke(points.astype(np.float32).reshape(-1, 2), float(item["width"]))
    except DrawingsError:
        raise
    except ValueError as error:  # lists of unequal lengths, an odd number of values
        raise DrawingsError(DAMAGED) from error


def split(drawings: Sequence[Drawing], every: int = 2) -> tuple[list[Drawing], list[Drawing]]:
    """Training drawings and held-out drawings: of each digit, in order, one of every `every` is held out.

    Both parts have all digits of which there are enough, and adding a drawing moves no other drawing between them.
    """
    train, held_out, seen = list[Drawing](), list[Drawing](), [0] * 10
    for drawing in drawings:
        seen[drawing.label] += 1
        (held_out if seen[drawing.label] % every == 0 else train).append(drawing)
    return train, held_out
