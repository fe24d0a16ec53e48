"""The timeline of the run on the page: which entries there are, and which of them answers. No document."""

from __future__ import annotations

from collections.abc import Sequence

from tabgrad.artifacts import TimelineEntry, thinned


class Timeline:
    """`entries` in the order of their steps, thinned out so that any run fits into memory; `position` is the index of
    the entry that answers; `run` names a run that is over ("run 3"), empty for the run under way.
    """

    def __init__(self) -> None:
        self.entries: list[TimelineEntry] = []
        self.position = 0
        self.run = ""

    @property
    def at_end(self) -> bool:
        """True while the newest weights answer."""
        return self.position >= len(self.entries) - 1

    @property
    def entry(self) -> TimelineEntry | None:
        """The entry at the position; None if there are no entries."""
        return self.entries[self.position] if self.entries else None

    def clear(self) -> None:
        """Begin a new run."""
        self.entries, self.position, self.run = [], 0, ""

    def restore(self, entries: Sequence[TimelineEntry], run: str = "") -> None:
        """Take what an earlier visit has stored; the last entry answers."""
        self.entries, self.run = list(entries), run
        self.position = max(0, len(self.entries) - 1)

    def add(self, entry: TimelineEntry) -> None:
        """Append an entry, in the place of one of the same step. A position at the end stays at the end."""
        at_end, before = self.at_end, self.entry
        self.entries = thinned([*(one for one in self.entries if one.step != entry.step), entry])
        if at_end or before is None:
            self.position = len(self.entries) - 1
        else:  # the entry may have been thinned out: go to the next one then
            self.position = next(i for i, one in enumerate(self.entries) if one.step >= before.step)

    def move_to(self, position: int) -> None:
        """Let another entry answer. A position beyond the end is the end."""
        self.position = max(0, min(position, len(self.entries) - 1))
