"""What can be done to an alphabet: every function makes a new one. Stores and shows nothing.

All raise AlphabetError or DrawingsError with one sentence for what cannot be.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace

from tabgrad.alphabet import MAX_CLASSES, check_label, check_labels
from tabgrad.data.drawings import Drawing, DrawingsError, DrawingSet, drawing_text, excess, newest

from ..prediction import PAD_UNITS

#: Makes an alphabet of another one.
Edit = Callable[[DrawingSet], DrawingSet]
#: A drawing, wherever it came from: the name of its class, and its strokes as text.
_Key = tuple[str, str]


def with_class(found: DrawingSet, name: str) -> DrawingSet:
    """With another class, the last one."""
    return replace(found, labels=check_labels([*found.labels, name], fewest=0))


def with_class_renamed(found: DrawingSet, place: int, name: str) -> DrawingSet:
    """With another name for a class."""
    labels = [*found.labels]
    labels[place] = check_label(name)
    return replace(found, labels=check_labels(labels, fewest=0))


def without_class(found: DrawingSet, place: int) -> DrawingSet:
    """Without a class and its drawings."""
    drawings = [_labelled(d, d.label - (d.label > place)) for d in found.drawings if d.label != place]
    return replace(found, labels=found.labels[:place] + found.labels[place + 1 :], drawings=tuple(drawings))


def with_drawing(found: DrawingSet, drawing: Drawing) -> DrawingSet:
    """With another drawing, the newest."""
    return _with(found, [drawing])


def with_file(found: DrawingSet, file: DrawingSet) -> DrawingSet:
    """With the drawings of a file that has the same classes, in any order, but for those that are there already."""
    known = set(_keys(found))
    new = [(d, key[0]) for d, key in zip(file.drawings, _keys(file), strict=True) if key not in known]
    return _with(found, [_labelled(d, found.labels.index(label)) for d, label in new])


def _with(found: DrawingSet, new: Sequence[Drawing]) -> DrawingSet:
    drawings = (*found.drawings, *new)
    if limit := excess(drawings):
        raise DrawingsError(f"{limit} can be kept, so nothing was added.")
    return replace(found, drawings=drawings)


def without_drawing(found: DrawingSet, drawing: Drawing) -> DrawingSet:
    """Without one of its drawings."""
    return replace(found, drawings=tuple(d for d in found.drawings if d is not drawing))


def with_drawing_moved(found: DrawingSet, drawing: Drawing, place: int) -> DrawingSet:
    """With a drawing in another class."""
    return replace(found, drawings=tuple(_labelled(d, place) if d is drawing else d for d in found.drawings))


def merged(before: DrawingSet, mine: DrawingSet, theirs: DrawingSet) -> DrawingSet:
    """What made `mine` of `before`, done to `theirs`: another tab has changed the same alphabet meanwhile.

    A class that one tab has removed stays if the other has drawn for it.
    """
    names = zip(before.labels, mine.labels, strict=False) if len(before.labels) == len(mine.labels) else ()
    renamed = {old: new for old, new in names if old != new and new not in before.labels}
    mine_now, were = _keys(mine), _keys(before, renamed)
    gone, known = Counter(were) - Counter(mine_now), Counter(were)
    drawings = list[tuple[str, Drawing]]()
    for drawing, key in zip(theirs.drawings, _keys(theirs, renamed), strict=True):
        if gone[key] > 0:
            gone[key] -= 1
        else:
            drawings.append((key[0], drawing))
    for drawing, key in zip(mine.drawings, mine_now, strict=True):
        if known[key] > 0:
            known[key] -= 1
        else:
            drawings.append((key[0], drawing))
    removed = {renamed.get(label, label) for label in before.labels} - set(mine.labels)
    used = {name for name, _ in drawings}
    there = [renamed.get(label, label) for label in theirs.labels]
    labels = [name for name in dict.fromkeys([*there, *mine.labels]) if name not in removed or name in used]
    return _assembled(mine.name if mine.name != before.name else theirs.name, labels[:MAX_CLASSES], drawings)


def _assembled(name: str, labels: Sequence[str], drawings: Sequence[tuple[str, Drawing]]) -> DrawingSet:
    places = {label: place for place, label in enumerate(labels)}
    placed = [_labelled(drawing, places[label]) for label, drawing in drawings if label in places]
    return DrawingSet(name, tuple(labels), tuple(newest(placed)))


def _keys(found: DrawingSet, renamed: dict[str, str] | None = None) -> list[_Key]:
    names = [(renamed or {}).get(label, label) for label in found.labels]
    return [(names[d.label], drawing_text(_labelled(d, 0), PAD_UNITS)) for d in found.drawings]


def _labelled(drawing: Drawing, place: int) -> Drawing:
    """The drawing as one of the class at `place`."""
    return drawing if drawing.label == place else replace(drawing, label=place)
