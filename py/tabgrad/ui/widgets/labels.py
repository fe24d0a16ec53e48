"""How the labels of classes are written on the page: in sentences, in lists, and how much room they need. Plain text.

A label is whatever its author wrote: it goes into the page as text, never as HTML.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

from tabgrad.alphabet import DIGITS, Labels, compared, listed

#: Around a label that is written from right to left, so that it turns nothing else of its sentence.
_ISOLATE, _END = "\N{FIRST STRONG ISOLATE}", "\N{POP DIRECTIONAL ISOLATE}"
_RIGHT_TO_LEFT = {"R", "AL", "AN"}
#: Between a network's title and what it knows. No title has a no-break space.
_KNOWS = " \N{MIDDLE DOT}\N{NO-BREAK SPACE}"
_JOINER = "\N{ZERO WIDTH JOINER}"
#: Skin tones, which change the emoji before them.
_TONES = range(0x1F3FB, 0x1F400)
#: Characters of labels that stand where a digit would, and of a list of labels in the model picker.
SHORT, MOST_LISTED = 2, 48
#: So many labels stand on the empty pad, else the first and the last.
HINTS = 4


def isolated(label: str) -> str:
    """A label as a part of a sentence."""
    if any(unicodedata.bidirectional(c) in _RIGHT_TO_LEFT for c in label):
        return f"{_ISOLATE}{label}{_END}"
    return label


def length(label: str) -> int:
    """How many characters one sees: an emoji that is made of several counts once."""
    seen, joins = 0, False
    for c in label:
        if not (joins or c == _JOINER or ord(c) in _TONES or unicodedata.category(c) in ("Mn", "Me", "Cf")):
            seen += 1
        joins = c == _JOINER
    return seen


def is_short(labels: Sequence[str]) -> bool:
    """Whether all labels are about as short as a digit."""
    return all(length(label) <= SHORT for label in labels)


def size(label: str) -> str:
    """How much room a label needs when it is large: "digit", "wide" (one character), "short", "word" or "long"."""
    seen = length(label)
    if seen < 2:
        return "digit" if label in DIGITS or not label else "wide"
    return "short" if seen < 4 else "word" if seen < 9 else "long"


def known(labels: Labels) -> str:
    """What a network knows, in a few words: "0 to 9", "circle, square and star", "a, b, c, d, e … z (26 classes)"."""
    found = listed([isolated(label) for label in labels])
    if len(found) <= MOST_LISTED or labels == DIGITS:
        return found
    return f"{isolated(labels[0])} \N{HORIZONTAL ELLIPSIS} {isolated(labels[-1])} ({len(labels)} classes)"


def entry(title: str, labels: Labels) -> str:
    """A network's entry in the model picker: its title, and what it knows unless that is the digits."""
    return title if labels == DIGITS else f"{title}{_KNOWS}{known(labels)}"


def entry_title(text: str) -> str:
    """The title in an entry of the model picker."""
    return text.partition(_KNOWS)[0]


def mismatch(mine: Labels, theirs: Labels, title: str = "") -> str:
    """Why a network that knows the labels `mine` cannot read data with the labels `theirs`, which may have a title."""
    data = f"the data “{title}”" if title else "the data"
    one, other = known(mine), known(theirs)
    if one == other:
        one, other = compared(tuple(map(isolated, mine)), tuple(map(isolated, theirs)))
    return f"This network knows {one}; {data} shows {other}."


def pad_hint(labels: Labels) -> str:
    """What stands faintly on the empty pad: "0\N{EN DASH}9", "circle · square · star", "a … z"."""
    if labels == DIGITS:
        return f"{labels[0]}\N{EN DASH}{labels[-1]}"
    if len(labels) <= HINTS:
        return " \N{MIDDLE DOT} ".join(map(isolated, labels))
    return f"{isolated(labels[0])} \N{HORIZONTAL ELLIPSIS} {isolated(labels[-1])}"
