"""The visitor's own labelled drawings: their file format, and a fair split into those to learn from and the others.

A file is JSON: {"format": "tabgrad-drawings", "version": 1, "size": side of the pad, "drawings": [{"label": 7,
"strokes": [{"width": 1.0, "points": [x0, y0, x1, y1, ...]}]}]}, y down. Owns that format; keeps no storage.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tabgrad.ink import DOT_SHARE, Stroke, normalise

FORMAT = "tabgrad-drawings"
VERSION = 1
#: More would fill the browser's storage; nobody draws so many by hand.
MAX_DRAWINGS = 10_000
MAX_POINTS = 10_000


class DrawingsError(ValueError):
    """A file of drawings cannot be used. One sentence, fit to be shown to the visitor."""


@dataclass(frozen=True, slots=True, eq=False)
class Drawing:
    """`strokes` on a square pad of side `size`, in its units, and the digit that they are meant to be."""

    label: int
    strokes: tuple[Stroke, ...]
    size: float

    def image(self) -> NDArray[np.float32]:
        """What a network reads: (28, 28) in 0..1, as from the pad."""
        return normalise(self.strokes, DOT_SHARE * self.size)


def dumps(drawings: Sequence[Drawing], size: float) -> str:
    """The file. Drawings are scaled to a pad of side `size` and rounded to a hundredth of a unit."""
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
    """Parse and check a file. Raises DrawingsError, never anything else, whatever the text is."""
    try:
        body = json.loads(text)
        if body["format"] != FORMAT:
            raise DrawingsError("This file holds no drawings of this page; nothing was imported.")
        if body["version"] != VERSION:
            raise DrawingsError("This file of drawings is of another version than the page; nothing was imported.")
        size = float(body["size"])
        if not 0 < size < 1e6 or len(body["drawings"]) > MAX_DRAWINGS:
            raise DrawingsError(f"This file is no usable set of at most {MAX_DRAWINGS:,} drawings.")
        return [_drawing(item, size) for item in body["drawings"]]
    except DrawingsError:
        raise
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, OverflowError) as error:
        raise DrawingsError("The file of drawings is damaged; nothing was imported.") from error


def _drawing(item: Any, size: float) -> Drawing:
    label = item["label"]
    if type(label) is not int or not 0 <= label <= 9:
        raise DrawingsError("A drawing in this file is not labelled with a digit; nothing was imported.")
    strokes = tuple(_stroke(s, size) for s in item["strokes"])
    if not strokes:
        raise DrawingsError("A drawing in this file is empty; nothing was imported.")
    return Drawing(label, strokes, size)


def _stroke(item: Any, size: float) -> Stroke:
    points = np.array(item["points"], np.float64).reshape(-1, 2)
    if len(points) > MAX_POINTS or np.abs(points).max(initial=0) > 10 * size:
        raise DrawingsError("A drawing in this file lies far outside the pad; nothing was imported.")
    return Stroke(points.astype(np.float32), float(item["width"]))


def split(drawings: Sequence[Drawing], every: int = 2) -> tuple[list[Drawing], list[Drawing]]:
    """Drawings to learn from and drawings to test on: of each digit, the last of every `every` is held out.

    By digit and in order, so that both halves have what the visitor draws, and adding one moves no other.
    """
    learn, test, seen = list[Drawing](), list[Drawing](), [0] * 10
    for drawing in drawings:
        seen[drawing.label] += 1
        (test if seen[drawing.label] % every == 0 else learn).append(drawing)
    return learn, test
