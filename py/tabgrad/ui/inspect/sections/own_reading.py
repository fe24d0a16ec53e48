"""What a network reads in the visitor's own drawings, and what is said of it. Knows no document."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tabgrad.alphabet import DIGITS, Labels
from tabgrad.data.drawings import Drawing, DrawingSet
from tabgrad.metrics import Results

from ...widgets.format import interval_95, percent
from ...widgets.labels import known

#: Which drawings are shown: "all", those that are read "wrong", or those of a cell (truth, answer) of the confusion.
Choice = tuple[int, int] | str
#: More classes make a large table.
MANY = 12
EMPTY = "You have kept no drawings yet. Draw a digit, and press its button at “This drawing is a …”."
EMPTY_OF_OTHERS = (
    "You have kept no drawings for this network yet. It knows {}: draw one of them, and press its button at “This "
    "drawing is …”."
)
PRESS, PRESS_OF_OTHERS = (f"Press its {what} to keep it in your own test set." for what in ("digit", "name"))


@dataclass(frozen=True, slots=True, eq=False)
class Reading:
    """`drawings` of the classes `labels`, the `pictures` (28, 28) that a network sees of them, and what it reads.

    `results` is None without drawings, or without a network that knows their classes.
    """

    labels: Labels
    drawings: Sequence[Drawing]
    pictures: Sequence[NDArray[np.uint8]]
    results: Results | None

    @property
    def counts(self) -> list[int]:
        """How many drawings there are of each class."""
        return DrawingSet("", self.labels, tuple(self.drawings)).counts()

    @property
    def right(self) -> int:
        """How many drawings the network reads correctly; 0 without results."""
        return len(self.results.labels) - self.results.errors if self.results is not None else 0

    def chosen(self, choice: Choice) -> list[int]:
        """The places of the drawings to show; all of them without results."""
        if self.results is None or choice == "all":
            return list(range(len(self.drawings)))
        if isinstance(choice, str):
            return [int(i) for i in (self.results.answers != self.results.labels).nonzero()[0]]
        return sorted(map(int, self.results.cell(*choice)))

    def mixed_up(self) -> tuple[list[int], NDArray[np.int64]]:
        """The classes of the confusion matrix, and its counts.

        Of many classes only those that were drawn or answered, so that a few drawings fill no large table.
        """
        if self.results is None:
            return [], np.zeros((0, 0), np.int64)
        counts = self.results.confusion
        places = list(range(len(self.labels)))
        if len(places) > MANY:
            used = counts.sum(axis=0) + counts.sum(axis=1)
            places = [place for place in places if used[place]]
        return places, counts[np.ix_(places, places)]

    def summary(self) -> str:
        """ "12 kept, the network reads 11 of them"."""
        if not self.drawings:
            return PRESS if self.labels == DIGITS else PRESS_OF_OTHERS
        kept = f"{len(self.drawings):,} kept"
        return kept if self.results is None else f"{kept} \N{MIDDLE DOT} the network reads {self.right:,} of them"

    def headline(self, title: str, has_learned: bool) -> str:
        """What came of it, in a sentence with the 95 % interval. `title` is the network's; it may have learned from
        half of the drawings.
        """
        count = len(self.drawings)
        drawings = f"{count:,} {'drawing' if count == 1 else 'drawings'}"
        if not count:
            return EMPTY if self.labels == DIGITS else EMPTY_OF_OTHERS.format(known(self.labels))
        if self.results is None:
            return f"You have kept {drawings}."
        learned = " It has learned from half of them." if has_learned else ""
        return (
            f"{title} reads {self.right:,} of your {drawings}: {percent(self.results.accuracy)} "
            f"({interval_95(*self.results.interval_95)}).{learned}"
        )
