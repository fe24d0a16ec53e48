"""What a label of a class can be, and the limits of an alphabet."""

from __future__ import annotations

import itertools
import unicodedata
from collections.abc import Iterable, Sequence
from typing import Any

from tabgrad.incoming import quoted

#: The labels of an alphabet, in the order of the network's logits.
Labels = tuple[str, ...]
DIGITS: Labels = tuple("0123456789")
MIN_CLASSES, MAX_CLASSES = 2, 36
#: Characters of a label: it stands beside its bar.
MAX_LABEL = 24
#: Emoji and some scripts need them; other invisible characters are dropped, also those that turn a text's direction.
_JOINERS = "\N{ZERO WIDTH JOINER}\N{ZERO WIDTH NON-JOINER}"
#: Characters of a text that may be a label: there is no need to go through millions.
_MAX_TEXT = MAX_LABEL * MAX_CLASSES
_ELLIPSIS = "\N{HORIZONTAL ELLIPSIS}"
#: Labels that `listed` names.
_LISTED = 6


class AlphabetError(ValueError):
    """Labels cannot be used. The message is one sentence for the visitor."""


def check_label(value: Any) -> str:
    """`value` as a label: in Unicode's composed form, without invisible characters and spaces at its ends.

    Raises AlphabetError if nothing is left, or too much.
    """
    if not isinstance(value, str):
        raise AlphabetError(f"A class must have a name, not {quoted(value)}.")
    if len(value) > _MAX_TEXT:
        raise AlphabetError(f"The name {quoted(value)} is too long: use at most {MAX_LABEL} characters.")
    label = _visible(value)
    if len(label) > MAX_LABEL:
        raise AlphabetError(f"The name {quoted(label)} is too long: use at most {MAX_LABEL} characters.")
    return label


def _visible(value: str) -> str:
    spaced = " ".join(unicodedata.normalize("NFC", value).split())
    visible = (c for c in spaced if c in _JOINERS or unicodedata.category(c) not in ("Cc", "Cf", "Co", "Cs"))
    label = "".join(visible).strip(f" {_JOINERS}")
    if not label:
        raise AlphabetError("A class must have a name that one can see.")
    return label


def shortened(values: Iterable[str]) -> dict[str, str]:
    """The label of each of `values`; one that is too long is cut, and ends in "…".

    Names that are the same have the same label, others never: after the cut some get a number, "…2". What comes after
    the first 864 characters does not count. Raises AlphabetError.
    """
    full = {value: _visible(value[:_MAX_TEXT]) for value in values}
    labels = {name: name for name in full.values() if len(name) <= MAX_LABEL}
    for name in sorted(set(full.values()) - labels.keys()):
        endings = (_ELLIPSIS + (f"{i}" if i > 1 else "") for i in itertools.count(1))
        cuts = (name[: MAX_LABEL - len(end)].rstrip(f" {_JOINERS}") + end for end in endings)
        taken = set(labels.values())
        labels[name] = next(cut for cut in cuts if cut not in taken)
    return {value: labels[name] for value, name in full.items()}


def check_labels(values: Any, fewest: int = MIN_CLASSES) -> Labels:
    """`values` as the labels of an alphabet. Raises AlphabetError for too few, too many, or two that are the same.

    `fewest` is 0 for an alphabet that somebody is still inventing.
    """
    if isinstance(values, str) or not isinstance(values, Sequence):
        raise AlphabetError(f"The classes must be a list of names, not {quoted(values)}.")
    check_count(len(values), fewest)
    labels = tuple(check_label(value) for value in values)
    twice = next((label for i, label in enumerate(labels) if label in labels[:i]), "")
    if twice:
        raise AlphabetError(f"Two classes are called {quoted(twice)}: give each its own name.")
    return labels


def check_count(count: int, fewest: int = MIN_CLASSES) -> None:
    """Raises AlphabetError if an alphabet cannot have `count` classes."""
    if count < fewest:
        found = "is one" if count == 1 else "are none"
        raise AlphabetError(f"A network needs at least {MIN_CLASSES} classes to tell apart; here there {found}.")
    if count > MAX_CLASSES:
        raise AlphabetError(f"There can be at most {MAX_CLASSES} classes; here there are {count:,}.")


def listed(labels: Sequence[str]) -> str:
    """The labels in a few words: "0 to 9", "circle, square and star", "a, b, c, d, e … z (26 classes)"."""
    if tuple(labels) == DIGITS:
        return "0 to 9"
    if len(labels) <= _LISTED:
        return f"{', '.join(labels[:-1])} and {labels[-1]}"
    return f"{', '.join(labels[: _LISTED - 1])} {_ELLIPSIS} {labels[-1]} ({len(labels)} classes)"


def compared(one: Labels, other: Labels) -> tuple[str, str]:
    """Two alphabets that are not the same, in a few words that show how they differ: those of `listed`.

    Where these are the same, too, the first classes that differ: "l (class 12)" and "L (class 12)".
    """
    if listed(one) != listed(other):
        return listed(one), listed(other)
    i = next(i for i, (label, another) in enumerate(zip(one, other, strict=True)) if label != another)
    return f"{one[i]} (class {i + 1})", f"{other[i]} (class {i + 1})"


def numbered(classes: int) -> Labels:
    """Labels for classes whose names nobody knows. They are no digits: "class 1" is the first of them."""
    return tuple(f"class {number}" for number in range(1, classes + 1))
