"""The visitor's own labelled drawings: their file format, and a fair split into training and held-out drawings.

A file is JSON: {"format": "tabgrad-drawings", "version": 1, "size": side of the pad, "drawings": [{"label": 7,
"strokes": [{"width": 1.0, "points": [x0, y0, x1, y1, ...]}]}]}, with y pointing down. That is a file of digits. One of
another alphabet has version 2, its "name", and the names of its classes in "labels": a drawing's label is the place of
its class among them. Owns this format; stores nothing.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tabgrad.alphabet import DIGITS, AlphabetError, Labels, check_labels, compared, listed
from tabgrad.incoming import is_finite, read_json
from tabgrad.ink import DOT_SHARE, MAX_PEN_WIDTH, Stroke, normalise, thin

from .base import DataError
from .sets import check_name

FORMAT = "tabgrad-drawings"
#: Of a file of digits, and of one that names its classes.
VERSION, NAMED_VERSION = 1, 2
#: More drawings would fill the browser's storage.
MAX_DRAWINGS = 10_000
#: Points in a stroke.
MAX_POINTS = 10_000
#: Widths of strokes; 1 is the normal pen. Those above `ink.MAX_PEN_WIDTH` are narrowed to it.
MIN_WIDTH, MAX_WIDTH = 0.01, 99
#: Strokes in a drawing.
MAX_STROKES = 2_000
#: Strokes and points of all drawings together, which limits the time and keeps a file within `read_json`'s limits.
MAX_ALL_STROKES, MAX_ALL_POINTS = 200_000, 3_000_000
#: A stroke with more points is thinned when it is kept: by this share of the pad's side its line may move.
MANY_POINTS, THINNING = 1_000, 1e-3
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
#: What a file of a visitor's own test set is called inside, if it is not of digits.
TEST_SET = "My test set"
DAMAGED = "The file of drawings is damaged; nothing was imported."


class DrawingsError(ValueError):
    """A file of drawings cannot be used. The message is one sentence for the visitor."""


@dataclass(frozen=True, slots=True, eq=False)
class Drawing:
    """`strokes` on a square pad of side `size`, in its units, and the class that they show: its place, from 0."""

    label: int
    strokes: tuple[Stroke, ...]
    size: float

    def image(self) -> NDArray[np.float32]:
        """The network's input, as from the pad: (28, 28) float32 in 0..1."""
        return normalise(self.strokes, DOT_SHARE * self.size)


@dataclass(frozen=True, slots=True, eq=False)
class DrawingSet:
    """Drawings, and the names of their classes. There may be fewer than two classes: the set is not complete yet.

    `name` is empty for the digits of version 1.
    """

    name: str
    labels: Labels
    drawings: tuple[Drawing, ...] = ()

    def counts(self) -> list[int]:
        """How many drawings there are of each class."""
        count = Counter(d.label for d in self.drawings)
        return [count[label] for label in range(len(self.labels))]


def excess(drawings: Sequence[Drawing]) -> str:
    """ "At most 10,000 drawings", if there are more or another limit is exceeded; empty if a file can hold them."""
    return _excess([[len(s.points) for s in d.strokes] for d in drawings])


def _excess(sizes: Sequence[Sequence[int]]) -> str:
    """See `excess`; `sizes` are the points of each stroke of each drawing."""
    limits = (
        (len(sizes), MAX_DRAWINGS, "drawings"),
        (max(map(len, sizes), default=0), MAX_STROKES, "strokes in a drawing"),
        (max((size for strokes in sizes for size in strokes), default=0), MAX_POINTS, "points in a stroke"),
        (sum(map(len, sizes)), MAX_ALL_STROKES, "strokes in all drawings together"),
        (sum(map(sum, sizes)), MAX_ALL_POINTS, "points in all drawings together"),
    )
    return next((f"At most {most:,} {what}" for count, most, what in limits if count > most), "")


def newest(drawings: Sequence[Drawing]) -> list[Drawing]:
    """As many of the last drawings as a file can hold."""
    first, strokes, points = len(drawings), 0, 0
    for drawing in reversed(drawings):
        strokes += len(drawing.strokes)
        points += sum(len(s.points) for s in drawing.strokes)
        if strokes > MAX_ALL_STROKES or points > MAX_ALL_POINTS:
            break
        first -= 1
    return list(drawings[max(first, len(drawings) - MAX_DRAWINGS) :])


def keepable(drawing: Drawing) -> Drawing:
    """The drawing as a file can hold it, and of the same look: long strokes are thinned, then cut in pieces."""
    strokes = list[Stroke]()
    for stroke in drawing.strokes:
        points = stroke.points
        if len(points) > MANY_POINTS:
            points = thin(points, THINNING * drawing.size)
        first = 0
        while True:
            strokes.append(Stroke(points[first : first + MAX_POINTS], stroke.width))
            first += MAX_POINTS - 1  # a piece begins where the one before ends
            if first + 1 >= len(points):
                break
    return Drawing(drawing.label, tuple(strokes), drawing.size)


def dumps(drawings: Sequence[Drawing], size: float, labels: Labels = DIGITS) -> str:
    """A file of digits, or of a test set of `labels`.

    Drawings are scaled to a pad of side `size`, and rounded to a hundredth of a unit.
    """
    texts = (drawing_text(d, size) for d in drawings)
    if labels != DIGITS:
        return dump_set(TEST_SET, labels, texts, size)
    return _file({"version": VERSION, "size": size}, texts)


def dump_set(name: str, labels: Labels, texts: Iterable[str], size: float) -> str:
    """The text of a file that names its classes. `texts` are its drawings, each as `drawing_text` for this `size`."""
    return _file({"version": NAMED_VERSION, "size": size, "name": name, "labels": list(labels)}, texts)


def drawing_text(drawing: Drawing, size: float) -> str:
    """A drawing as it stands in a file with this `size`. Equal drawings have equal texts."""
    strokes = [
        {
            "width": round(min(max(float(s.width), MIN_WIDTH), MAX_PEN_WIDTH), 3),
            "points": np.round(s.points.astype(np.float64).ravel() * size / drawing.size, 2).tolist(),
        }
        for s in drawing.strokes
    ]
    return _json({"label": drawing.label, "strokes": strokes})


def _file(head: dict[str, Any], texts: Iterable[str]) -> str:
    return f'{_json({"format": FORMAT, **head})[:-1]},"drawings":[{",".join(texts)}]}}'


def _json(value: dict[str, Any]) -> str:
    return json.dumps(value, separators=(",", ":"))


def loads(text: str | bytes, labels: Labels = DIGITS) -> list[Drawing]:
    """The drawings in a file that has these classes or some of them, in any order; each has its place in `labels`.

    Raises DrawingsError for any other text, also for a file that has another class.
    """
    found = read_set(text)
    if found.labels == labels:
        return list(found.drawings)
    if not found.labels or not set(found.labels) <= set(labels):
        raise DrawingsError(f"This is a file of {_compared(found.labels, labels)}; nothing was imported.")
    return [replace(d, label=labels.index(found.labels[d.label])) for d in found.drawings]


def _compared(labels: Labels, wanted: Labels) -> str:
    """ "The classes a and b, not of digits": what a file has, and what it should have."""
    mine, others = compared(labels, wanted) if len(labels) > 1 else ("", listed(wanted))
    return f"{f'the classes {mine}' if mine else 'another alphabet'}, not of {'digits' if wanted == DIGITS else others}"


def read_set(text: str | bytes) -> DrawingSet:
    """Parse and check a file. Raises DrawingsError, and no other error, for any text.

    What editors do to a file is accepted: a byte order mark, and a label like 7.0.
    """
    try:
        data = text.encode() if isinstance(text, str) else text
        body = read_json(data.removeprefix(_BYTE_ORDER_MARK))
    except ValueError as error:
        raise DrawingsError(DAMAGED) from error
    if not isinstance(body, dict) or body.get("format") != FORMAT:
        raise DrawingsError("This is not a file of drawings from this page; nothing was imported.")
    version: Any = body.get("version")
    if type(version) is not int or version not in (VERSION, NAMED_VERSION):
        raise DrawingsError("This file of drawings is from another version of the page; nothing was imported.")
    name, labels = _alphabet(body) if version == NAMED_VERSION else ("", DIGITS)
    size: Any = body.get("size")
    drawings: Any = body.get("drawings")
    if not is_finite(size) or not 1 <= size < 1e6 or not isinstance(drawings, list):
        raise DrawingsError(DAMAGED)
    if excess := _excess([[len(values) // 2 for values in _point_lists(item)] for item in drawings]):
        raise DrawingsError(f"{excess} can be read; nothing was imported.")
    return DrawingSet(name, labels, tuple(_drawing(item, float(size), labels) for item in drawings))


def _alphabet(body: dict[str, Any]) -> tuple[str, Labels]:
    """The name of a set, and its classes."""
    name: Any = body.get("name")
    try:
        name, labels = check_name(name if isinstance(name, str) else ""), check_labels(body.get("labels"), fewest=0)
    except (AlphabetError, DataError) as error:
        raise DrawingsError(f"{str(error).removesuffix('.')}; nothing was imported.") from error
    return name, labels


def _point_lists(item: Any) -> list[list[Any]]:
    """The points of each stroke of a drawing, not checked yet."""
    strokes = item.get("strokes") if isinstance(item, dict) else None
    if not isinstance(strokes, list):
        raise DrawingsError(DAMAGED)
    lists = [stroke.get("points") if isinstance(stroke, dict) else None for stroke in strokes]
    found = [values for values in lists if isinstance(values, list)]
    if len(found) < len(strokes):
        raise DrawingsError(DAMAGED)
    return found


def _drawing(item: dict[str, Any], size: float, labels: Labels) -> Drawing:
    label: Any = item.get("label")
    if not is_finite(label) or label not in range(len(labels)):
        what = "a digit" if labels == DIGITS else "one of its classes"
        raise DrawingsError(f"A drawing in this file is not labelled with {what}; nothing was imported.")
    strokes = tuple(_stroke(s, size) for s in item["strokes"])
    if not strokes:
        raise DrawingsError("A drawing in this file is empty; nothing was imported.")
    return Drawing(int(label), strokes, size)


def _stroke(item: dict[str, Any], size: float) -> Stroke:
    values: list[Any] = item["points"]
    width: Any = item.get("width")
    if not is_finite(width) or not values or len(values) % 2 or not set(map(type, values)) <= {int, float}:
        raise DrawingsError(DAMAGED)
    if not MIN_WIDTH <= width <= MAX_WIDTH:
        raise DrawingsError("A stroke in this file has a width that no pen has; nothing was imported.")
    if max(values) > 10 * size or min(values) < -10 * size:
        raise DrawingsError("A drawing in this file lies far outside the pad; nothing was imported.")
    return Stroke(np.array(values, np.float32).reshape(-1, 2), min(float(width), MAX_PEN_WIDTH))


def split(drawings: Sequence[Drawing], every: int = 2) -> tuple[list[Drawing], list[Drawing]]:
    """Training drawings and held-out drawings: of each class, in order, one of every `every` is held out.

    Both parts have all classes of which there are enough, and adding a drawing moves no other drawing between them.
    """
    train, held_out, seen = list[Drawing](), list[Drawing](), Counter[int]()
    for drawing in drawings:
        seen[drawing.label] += 1
        (held_out if seen[drawing.label] % every == 0 else train).append(drawing)
    return train, held_out
