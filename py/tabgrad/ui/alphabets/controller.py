"""The alphabets of the visitor: which one is open, and what is made, imported and removed. Knows no document.

`editing` decides what is done to the open one; views show both, and call their methods.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from tabgrad.data import DataError
from tabgrad.data.drawings import DrawingsError, DrawingSet, read_set
from tabgrad.data.drawn import what_is_missing
from tabgrad.data.lessons import LESSONS
from tabgrad.data.sets import check_name
from tabgrad.incoming import quoted, unexpected

from ..prediction import PAD_UNITS
from ..tasks import Tasks
from . import edits
from .editing import Editing, counted
from .series import PadPort
from .store import AlphabetStore, Listed

NEW_NAME = "My alphabet"
#: What a file of digits, which has no name, is called.
DIGITS_NAME = "Digits"


class AlphabetController:
    """`watchers` are called whenever there is something new to show.

    `said` is the latest sentence, for a live region; `question` the alphabet that the visitor is asked about before it
    is removed. `opened` is told the id of the alphabet that is open, or an empty text.
    """

    def __init__(self, store: AlphabetStore, pad: PadPort, opened: Callable[[str], object] = lambda _: None) -> None:
        self.store, self._opened = store, opened
        self._tasks = Tasks(self._failed)
        self.do = self._tasks.do
        self.watchers: list[Callable[[], object]] = []
        self.said = ""
        self.question: Listed | None = None
        self.editing = Editing(store, pad, say=self.say, tell=self.tell, do=self.do)

    @property
    def found(self) -> DrawingSet | None:
        """The alphabet that is open."""
        return self.store.found

    @property
    def missing(self) -> str:
        """Why no network can learn from the open alphabet yet; empty if one can."""
        return what_is_missing(self.found) if self.found is not None else ""

    def say(self, sentence: str) -> None:
        """Show a sentence, and everything else that is new."""
        self.said = sentence
        self.tell()

    def tell(self) -> None:
        """There is something new to show."""
        for watcher in self.watchers:
            watcher()

    def _failed(self, error: BaseException) -> None:
        self.say(f"An error in the page stopped this ({unexpected(error)}). Your drawings are kept; try again.")

    async def load(self, set_id: str = "") -> None:
        """Read the list. Opens the alphabet `set_id`, if it is there."""
        fault = await self.store.load()
        if set_id in {one.id for one in self.store.listed} and not self.store.open_id:
            fault = await self.store.open(set_id) or fault
        if fault:
            self.say(fault)
        else:
            self.tell()  # what was said of a file that was imported meanwhile stays

    async def open(self, set_id: str) -> None:
        """Open an alphabet."""
        self._leave()
        fault = await self.store.open(set_id)
        self._opened(self.store.open_id)
        self.say(fault or (f"“{self.found.name}” is open." if self.found is not None else ""))

    async def close(self) -> None:
        """Back to the list."""
        self._leave()
        self.store.close()
        self._opened("")
        self.say(await self.store.load())

    async def create(self, name: str, made: DrawingSet | None = None) -> None:
        """A new alphabet, which has nothing or what `made` has. It is open then."""
        self._leave()
        try:
            name = check_name(name)
        except DataError:
            name = NEW_NAME
        unused = _unused(name, {one.name for one in self.store.listed})
        fault = await self.store.create(replace(made or DrawingSet("", ()), name=unused))
        self._opened(self.store.open_id)
        self.say(fault or f"“{unused}” is open.")

    async def begin_lesson(self, name: str) -> None:
        """Open the ready alphabet of this name, as it was left; a sentence if there is none."""
        if name in LESSONS:
            await self.begin_with(LESSONS[name].make(PAD_UNITS))
        else:
            self.say(f"There is no lesson called {quoted(name, 20)}: choose {' or '.join(LESSONS)}.")

    async def begin_with(self, made: DrawingSet) -> None:
        """Open the alphabet of this name, or if there is none, make it."""
        known = next((one.id for one in self.store.listed if one.name == made.name), "")
        await (self.open(known) if known else self.create(made.name, made))

    def _leave(self) -> None:
        self.editing.leave()
        self.question = None

    def ask(self, alphabet: Listed | None) -> None:
        """Ask whether an alphabet shall be removed; None takes the question back."""
        self.question = alphabet
        self.tell()

    async def remove(self) -> None:
        """Remove the alphabet that the visitor was asked about."""
        if (asked := self.question) is not None:
            self._leave()
            await self.store.remove(asked.id)
            self._opened(self.store.open_id)
            self.say(f"Removed “{asked.name}”.")

    async def import_file(self, content: bytes) -> None:
        """Add the drawings of a file to the open alphabet if it has the same classes; else it is a new one.

        So the drawings of a whole school class come together in one alphabet.
        """
        try:
            file = read_set(content)
        except DrawingsError as error:
            self.say(str(error))
            return
        before = self.found
        if before is None or not before.labels or {*file.labels} != {*before.labels}:
            await self.create(file.name or DIGITS_NAME, file)
            self.say(self.store.fault or f"Imported {counted(len(file.drawings))}.")
        elif await self.editing.change(lambda now: edits.with_file(now, file), "imported a file"):
            new = len(self.found.drawings) - len(before.drawings) if self.found is not None else 0
            others = "" if new == len(file.drawings) else " The others were here already."
            self.say(self.store.fault or f"Imported {counted(new)}.{others}")

    def erased(self) -> None:
        """All that was stored is erased."""
        self.editing.forget()
        self.question = None
        self.store.close()
        self.do(self.load())


def _unused(name: str, taken: set[str]) -> str:
    """`name`, or with a number behind it if there is one of this name."""
    number, candidate = 1, name
    while candidate in taken:
        number += 1
        candidate = f"{name} {number}"
    return candidate
