"""The console: what its keys and buttons do, what it shows, and how a command is run in the worker.

Owns the state that the console shows. Knows no document, so all of it is tested without a browser.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from tabgrad import protocol
from tabgrad.incoming import unexpected

from ..tasks import Tasks
from ..worker_link import WorkerLink
from .console_history import History
from .console_typing import can_complete, completed, goes_on, next_indent

#: What was shown last stays: as many entries.
MAX_ENTRIES = 200
#: Names that are offered at once.
MAX_OFFERED = 40
#: Small pictures are made larger by a whole number, up to this height and width. Pixels.
PICTURE_HEIGHT, PICTURE_WIDTH = 140, 600

STOPPED = "Stopped. Names that were made here are gone: another Python has taken the place of the one that was busy."
STOPPING = "Stopping …"
STARTING = "Starting …"
RUNNING = "Running …"
NOTHING = "Nothing here begins like that."
NO_ANSWER = "The worker gave another answer than this page can read: reload the page."

Kind = Literal["input", "text", "error", "image"]


@dataclass(frozen=True, slots=True, eq=False)
class Entry:
    """A command or something that it shows; `pixels` uint8 (height, width) of an image, of which `text` says what."""

    number: int
    kind: Kind
    text: str
    pixels: NDArray[np.uint8] | None = None


@dataclass
class ConsoleState:
    """`entries` are the last ones, oldest first. `text` and `cursor` are what the visitor types, and where.

    `note` is one line about what goes on. `can_stop`: a command is running. `revision` goes up when text and cursor
    were changed from here.
    """

    entries: list[Entry] = field(default_factory=list)
    text: str = ""
    cursor: int = 0
    note: str = ""
    can_stop: bool = False
    is_busy: bool = False
    revision: int = 0


class ConsoleController:
    """`image` gives what is on the pad, float32 (28, 28). `keep` keeps what was typed, and `kept` is that of before.

    `before` is awaited before the worker is asked; it raises RuntimeError with one sentence.
    """

    def __init__(
        self,
        worker: WorkerLink,
        *,
        before: Callable[[], Awaitable[object]],
        image: Callable[[], NDArray[np.float32]],
        keep: Callable[[str], object],
        kept: str,
        render: Callable[[ConsoleState], object],
    ) -> None:
        self._worker, self._before = worker, before
        self._image, self._keep, self._render = image, keep, render
        self._history = History(kept)
        self._entries = 0  # counts them
        self._stopped = False  # the command that runs was stopped
        self._may_leave = False  # Escape was pressed: Tab leaves the field
        self.state = ConsoleState()
        self.tasks = Tasks(self._failed_inside)

    # ---- Keys. Each says whether it was used: then the browser does nothing with it.

    def typed(self, text: str, cursor: int) -> None:
        """This is in the field now."""
        state = self.state
        if text != state.text:
            self._may_leave = False
            if not state.is_busy:
                state.note = ""
        state.text, state.cursor = text, cursor
        self._show()

    def enter(self, *, shift: bool) -> bool:
        """Run what is complete; else, or with Shift, begin a new line."""
        state = self.state
        before, after = state.text[: state.cursor], state.text[state.cursor :]
        if not state.text.strip():
            return True
        if shift or goes_on(state.text):
            before += "\n" + next_indent(before)
            self._put(before + after, len(before))
        else:
            self.tasks.do(self.run(state.text))
        return True

    def up(self) -> bool:
        """In the first line: the command before."""
        if "\n" in self.state.text[: self.state.cursor]:
            return False
        return self._recall(self._history.older(self.state.text))

    def down(self) -> bool:
        """In the last line: the command after."""
        if "\n" in self.state.text[self.state.cursor :]:
            return False
        return self._recall(self._history.newer())

    def _recall(self, text: str | None) -> bool:
        if text is not None:
            self._put(text, len(text))
        return text is not None

    def escape(self) -> bool:
        """The next Tab leaves the field."""
        self._may_leave = True
        return False

    def tab(self, *, shift: bool) -> bool:
        """Complete what stands before the cursor. Where nothing does, or after Escape, Tab leaves the field."""
        may_leave, self._may_leave = self._may_leave, False
        state = self.state
        if shift or may_leave or state.is_busy or not can_complete(state.text, state.cursor):
            return False
        self.tasks.do(self._complete())
        return True

    # ---- Commands

    async def run(self, text: str) -> None:
        """Run a command, one at a time: while another one runs, the text stays where it is."""
        if self.state.is_busy:
            return
        command = text.strip("\n").rstrip()
        if self.state.text == text:
            self._put("", 0)
        self._keep(self._history.add(command))
        self._add("input", command)
        self._stopped = False
        answer = await self._ask(protocol.Evaluate(code=command, image=self._image().astype("<f4").tobytes()))
        if isinstance(answer, protocol.Evaluated):
            self._add_answer(answer)
        elif self._stopped:
            self._add("error", STOPPED)
        else:
            self._add("error", answer.message if isinstance(answer, protocol.Failed) else NO_ANSWER)
        self._show()

    async def _ask(self, command: protocol.Evaluate | protocol.Complete) -> protocol.AnyEvent:
        """The worker's answer; Failed if there is no worker."""
        state = self.state
        state.is_busy, state.note = True, "" if self._worker.started else STARTING
        self._show()
        try:
            await self._worker.ensure()
            await self._before()
            if isinstance(command, protocol.Evaluate):
                state.can_stop, state.note = True, RUNNING
                self._show()
            return await self._worker.ask(command)
        except RuntimeError as error:
            return protocol.Failed(kind="internal", message=str(error))
        finally:
            state.is_busy, state.can_stop, state.note = False, False, ""

    async def stop(self) -> None:
        """End the command that runs, with the worker that runs it."""
        if self.state.can_stop:
            self.state.can_stop, self.state.note = False, STOPPING
            self._show()
            self._stopped = True
            await self._worker.replace_worker()

    async def _complete(self) -> None:
        text, cursor = self.state.text, self.state.cursor
        answer = await self._ask(protocol.Complete(code=text, cursor=cursor))
        if isinstance(answer, protocol.Completions) and (text, cursor) == (self.state.text, self.state.cursor):
            names = answer.names
            done = completed(text, cursor, min(answer.start, cursor), names) if names else (text, cursor)
            if not names:
                self.state.note = NOTHING
            elif len(names) > 1:
                self.state.note = "  ".join([*names[:MAX_OFFERED], *(["…"] if len(names) > MAX_OFFERED else [])])
            if done != (text, cursor):
                self._put(*done)
        self._show()

    def erased(self) -> None:
        """All that was stored is erased: also what was typed."""
        self._history.forget()
        self._keep("")

    # ---- The state

    def _add_answer(self, answer: protocol.Evaluated) -> None:
        begin = 0
        for item in answer.items:
            if item["kind"] == "image":
                height, width = item["height"], item["width"]
                pixels = np.frombuffer(answer.pixels, np.uint8, height * width, begin).reshape(height, width)
                begin += height * width
                self._add("image", item["text"], enlarged(pixels))
            else:
                self._add(item["kind"], item["text"].rstrip("\n"))

    def _add(self, kind: Any, text: str, pixels: NDArray[np.uint8] | None = None) -> None:
        self._entries += 1
        self.state.entries = [*self.state.entries, Entry(self._entries, kind, text, pixels)][-MAX_ENTRIES:]

    def _put(self, text: str, cursor: int) -> None:
        """Have another text in the field."""
        state = self.state
        state.text, state.cursor, state.revision = text, cursor, state.revision + 1
        self._show()

    def _failed_inside(self, error: BaseException) -> None:
        self._add("error", f"Something went wrong in the page ({unexpected(error)}).")
        self._show()

    def _show(self) -> None:
        self._render(self.state)


def enlarged(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """A small picture, each of its pixels as a square of several."""
    factor = max(1, min(PICTURE_HEIGHT // pixels.shape[0], PICTURE_WIDTH // pixels.shape[1]))
    return pixels.repeat(factor, 0).repeat(factor, 1)
