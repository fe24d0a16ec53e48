"""An import of the visitor's files: read, shown, switched, used. Owns its state and every decision about it.

Knows no document: a view is told when something has changed, so all of it is tested without a browser.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Literal

from tabgrad.protocol import AnyEvent, DataKept, DataProgress, DataRead, DropData, Failed, Handle, ReadData, UseData

from ..worker_link import WorkerLink
from .known import KnownSets
from .naming import Names

if TYPE_CHECKING:
    from tabgrad.data.sets import SetHead

#: What an import is in: nothing chosen; files are read; they are shown; the set is being stored.
Stage = Literal["idle", "reading", "read", "storing"]
NO_WORKER = "Files cannot be read here, because this page has no training panel."
CRASHED = "Reading these files stopped the worker: they may be too large. Try fewer files."
STOPPED = "Stopped. Nothing was kept of these files."
NO_FILES = "There are no files in what you chose."
KEPT = "“{}” is stored in this browser."


class Bringing:
    """`changed` is called whenever a view has something else to show; `use` gets the head of a set that is ready.

    `found` is what was read last; it can be used if `is_usable`. `choices` are the visitor's own values for guesses,
    `names` their own names for classes.
    """

    def __init__(
        self,
        worker: Callable[[], WorkerLink | None],
        known: KnownSets,
        changed: Callable[[], object],
        use: Callable[[SetHead], Awaitable[None]],
    ) -> None:
        self._worker, self._known, self._changed, self._use = worker, known, changed, use
        self._files: Sequence[tuple[Handle, str]] = ()
        self._asked = 0  # goes up with everything that makes an older answer worthless
        self.stage: Stage = "idle"
        self.choices: dict[str, str] = {}
        self.names = Names()
        self.progress: DataProgress | None = None
        self.found: DataRead | None = None
        self.is_usable = self.is_error = False
        self.sentence = ""

    async def read(self, files: Sequence[tuple[Handle, str]]) -> None:
        """Read files, each with its name, in the place of those before."""
        if self.stage == "storing":
            return
        if not files:
            self._say(NO_FILES, error=True)
            return
        self._files, self.choices, self.names, self.found = list(files), {}, Names(), None
        await self._read()

    async def choose(self, guess: str, value: str) -> None:
        """Read the files again, with another value for a guess."""
        if self.stage in ("reading", "read"):
            self.choices = {**self.choices, guess: value}
            await self._read()

    @property
    def name_faults(self) -> dict[str, str]:
        """What is wrong with what was written or pasted as a name, by the class's label in the files."""
        return self.names.refused | self.names.faults(self.found.labels) if self.found else {}

    def call(self, label: str, name: str) -> None:
        """Call a class of the files otherwise."""
        self.names.write(label, name)
        self._say("")

    def paste_names(self, place: int, text: str) -> bool:
        """Name the classes from `place` on as in a list; False if `text` is none."""
        done = self.found is not None and self.names.paste(self.found.labels, place, text)
        if done:
            self._say("")
        return done

    async def _read(self) -> None:
        self._asked += 1
        asked = self._asked
        self.stage, self.progress, self.is_usable = "reading", None, False
        self._say("")
        command = ReadData(
            files=[handle for handle, _ in self._files], names=[name for _, name in self._files], choices=self.choices
        )
        answer = await self._ask(command, lambda event: self._follow(asked, event))
        if asked != self._asked:
            return  # other files, other choices, or none any more
        self.progress = None
        if isinstance(answer, DataRead):
            self.stage, self.found, self.is_usable = "read", answer, True
            self._say("")
        else:  # what can be switched stays, so that the visitor can switch it back
            self.stage = "read" if self.found else "idle"
            self._say_failed(answer)

    async def cancel(self) -> None:
        """Stop reading, or forget what was read."""
        self._asked += 1
        self._files, self.stage, self.progress, self.found, self.is_usable = (), "idle", None, None, False
        self._say(STOPPED)
        await self._ask(DropData())

    async def use(self, name: str) -> None:
        """Keep what was read under this name, and have it trained on."""
        if self.found is None or not self.is_usable:
            return
        if faults := self.names.faults(self.found.labels):
            self._say(next(iter(faults.values())), error=True)
            return
        labels = list(self.names.all(self.found.labels))
        command = UseData(
            set_id=self.found.set_id, name=name, labels=[] if labels == list(self.found.labels) else labels
        )
        self.stage = "storing"
        self._say("")
        asked = self._asked
        answer = await self._ask(command, lambda event: self._follow(asked, event))
        self.progress = None
        if not isinstance(answer, DataKept):
            self.stage = "read"
            self._say_failed(answer)
            return
        from tabgrad.data.sets import load_head

        head = load_head(answer.head)
        self._files, self.stage, self.found, self.is_usable = (), "idle", None, False
        self._say(answer.reason or KEPT.format(head.name), error=bool(answer.reason))
        await (self._known.hold(head) if answer.reason else self._known.load())
        await self._use(head)

    async def drop_held(self, name: str) -> None:
        """Have the worker forget a set that is only in its memory."""
        await self._ask(DropData(set_id=name))

    async def _ask(
        self, command: ReadData | UseData | DropData, tell: Callable[[DataProgress], object] | None = None
    ) -> AnyEvent:
        worker = self._worker()
        if worker is None:
            return Failed(kind="input", message=NO_WORKER)
        try:
            await worker.ensure()
            return await worker.ask(command, tell)
        except RuntimeError as error:
            return Failed(kind="input", message=str(error))

    def _follow(self, asked: int, event: DataProgress) -> None:
        if asked == self._asked:
            self.progress = event
            self._changed()

    def _say_failed(self, answer: AnyEvent) -> None:
        failed = answer if isinstance(answer, Failed) else Failed(kind="internal", message="")
        self._say(CRASHED if failed.kind == "internal" else failed.message, error=True)

    def _say(self, sentence: str, *, error: bool = False) -> None:
        self.sentence, self.is_error = sentence, error
        self._changed()


def summary(found: DataRead) -> str:
    """What was read, in one sentence: "4,150 images in 3 classes: 3,000 to learn from, …"."""
    train, validation, test = (sum(found.counts.get(name, ())) for name in ("train", "validation", "test"))
    return (
        f"{train + validation + test:,} images in {len(found.labels)} classes: {train:,} to learn from, "
        f"{validation:,} for validation and {test:,} for the test."
    )
