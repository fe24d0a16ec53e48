"""What is done to the open alphabet: its classes and drawings, with undo, and many drawings in a row.

Owns the steps that can be undone, and what is said of each change. Knows no document, and no list of alphabets.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from tabgrad.alphabet import AlphabetError
from tabgrad.data import DataError
from tabgrad.data.drawings import Drawing, DrawingsError, DrawingSet, keepable
from tabgrad.data.sets import check_name
from tabgrad.ink import Snapshot

from ..prediction import PAD_UNITS
from ..tasks import Do
from . import edits
from .edits import Edit
from .series import PadPort, Series
from .store import AlphabetStore

EMPTY_PAD = "The pad is empty. Draw something first."


@dataclass(frozen=True, slots=True, eq=False)
class _Step:
    """A change that can be undone: the alphabet before and after it, and what it was. `kept`: as which class, or -1.

    What another tab has changed meanwhile is in neither.
    """

    before: DrawingSet
    after: DrawingSet
    what: str
    kept: int


class Editing:
    """`selected` is the drawing that is looked at, `series` what is being drawn one after the other.

    `say` gets a sentence for a live region, `tell` is called when there is something new to show without one, and `do`
    starts work in the background.
    """

    def __init__(
        self,
        store: AlphabetStore,
        pad: PadPort,
        *,
        say: Callable[[str], object],
        tell: Callable[[], object],
        do: Do,
    ) -> None:
        self._store, self._pad, self._say, self._tell, self._do = store, pad, say, tell, do
        self._steps: dict[str, list[_Step]] = {}  # of this visit, by the alphabet's id
        self.selected: Drawing | None = None
        self.series: Series | None = None

    @property
    def _now(self) -> DrawingSet:
        """The open alphabet; an empty one while none is open."""
        return self._store.found or DrawingSet("", ())

    @property
    def can_undo(self) -> bool:
        """Whether a change of this visit can be undone."""
        return bool(self._steps.get(self._store.open_id))

    def leave(self) -> None:
        """Another alphabet is opened, or none."""
        self.end_series()
        self.selected = None

    def forget(self) -> None:
        """All that was stored is erased."""
        self.leave()
        self._steps.clear()

    async def change(self, edit: Edit, what: str, kept: int = -1) -> bool:
        """Change the open alphabet; False, and one sentence said, if that cannot be."""
        set_id = self._store.open_id
        try:
            before, after = await self._store.change(edit)
        except (AlphabetError, DrawingsError) as error:
            self._say(str(error))
            return False
        self._steps.setdefault(set_id, []).append(_Step(before, after, what, kept))
        if self.selected not in self._now.drawings:
            self.selected = None
        return True

    async def undo(self) -> None:
        """Take the latest change of this visit back. What another tab has changed meanwhile stays."""
        if not self.can_undo:
            self._say("There is nothing to undo.")
            return
        step = self._steps[self._store.open_id].pop()
        await self._store.change(lambda now: _undone(step, now))
        if self.series is not None and step.kept == self.series.place:
            self.series.left += 1
        self.selected = None
        self._say(f"Undone: {step.what}.")

    async def rename(self, name: str) -> None:
        """Give the open alphabet another name."""
        try:
            checked = check_name(name)
        except DataError as error:
            self._say(str(error))
            return
        if checked == self._now.name:
            self._tell()
        elif await self.change(lambda now: replace(now, name=checked), f"renamed to “{checked}”"):
            self._say(f"It is called “{checked}” now.")

    # ---- Classes

    async def add_class(self, name: str) -> bool:
        """Add a class; False if its name cannot be."""
        done = await self.change(lambda now: edits.with_class(now, name), "added a class")
        if done:
            self._say(f"Added “{self._now.labels[-1]}”.")
        return done

    async def rename_class(self, place: int, name: str) -> None:
        """Give a class another name."""
        if name == self._now.labels[place]:
            return
        if await self.change(lambda now: edits.with_class_renamed(now, place, name), "renamed a class"):
            self._say(f"Renamed to “{self._now.labels[place]}”.")

    async def remove_class(self, place: int) -> None:
        """Remove a class with its drawings. Undo brings them back."""
        self.end_series()
        label, count = self._now.labels[place], self._now.counts()[place]
        if await self.change(lambda now: edits.without_class(now, place), f"removed “{label}”"):
            back = f" with {counted(count)}. Undo brings them back" if count else ""
            self._say(f"Removed “{label}”{back}.")

    # ---- Drawings

    async def keep(self, place: int) -> bool:
        """Keep what is on the pad as one of a class, and empty the pad. Without ink, or room, nothing changes."""
        ink = self._pad.ink
        if place >= len(self._now.labels):
            return False
        if ink.is_empty:
            self._say(EMPTY_PAD)
            return False
        drawing, label = keepable(Drawing(place, ink.ink(PAD_UNITS), PAD_UNITS)), self._now.labels[place]
        self._pad.put(Snapshot())  # at once, so that the next drawing can begin
        if not await self.change(lambda now: edits.with_drawing(now, drawing), f"kept as “{label}”", kept=place):
            if self._pad.ink.is_empty:
                self._pad.put(ink)
            return False
        self._say(f"Kept as {label}, {counted(self._now.counts()[place])}.")
        return True

    async def keep_now(self, place: int) -> None:
        """The visitor keeps what is on the pad. In a series of that class it is one of the series."""
        series = self.series
        if await self.keep(place) and series is not None and series.place == place:
            series.left -= 1
            self._tell()

    async def remove(self, drawing: Drawing) -> None:
        """Remove a drawing."""
        label = self._now.labels[drawing.label]
        if await self.change(lambda now: edits.without_drawing(now, drawing), f"removed a drawing of “{label}”"):
            self._say(f"Removed a drawing of {label}.")

    async def move(self, drawing: Drawing, place: int) -> None:
        """Move a drawing to another class."""
        label = self._now.labels[place]
        if place == drawing.label:
            return
        if await self.change(lambda now: edits.with_drawing_moved(now, drawing, place), f"moved to “{label}”"):
            self._say(f"Moved to {label}.")

    def select(self, drawing: Drawing | None) -> None:
        """Look at a drawing, or at none."""
        self.selected = drawing
        self._tell()

    def show_on_pad(self, drawing: Drawing) -> None:
        """Put a drawing on the pad, so that the network reads it."""
        scale = PAD_UNITS / drawing.size
        self._pad.put(Snapshot(tuple(replace(s, points=s.points * scale) for s in drawing.strokes)))

    # ---- Many of one class

    def begin_series(self, place: int) -> None:
        """Draw many of one class: each is kept when the pen pauses."""
        self.end_series()
        self.series = series = Series(place, self._pad, keep=lambda: self.keep(place), paused=self._tell)
        self._do(self._run(series))
        self._say(f"Draw “{self._now.labels[place]}”. Each drawing is kept when the pen has rested for a second.")

    async def _run(self, series: Series) -> None:
        await series.run()
        if self.series is series:
            self.series = None
            self._tell()

    def end_series(self) -> None:
        """End it early."""
        if self.series is not None:
            self.series.left, self.series = 0, None
            self._say("Ended. What you have drawn is kept.")


def counted(drawings: int) -> str:
    """ "1 drawing", "12 drawings"."""
    return f"{drawings:,} drawing{'' if drawings == 1 else 's'}"


def _undone(step: _Step, now: DrawingSet) -> DrawingSet:
    return step.before if now is step.after else edits.merged(step.after, step.before, now)
