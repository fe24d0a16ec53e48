"""The tab Code: what its buttons do, when the text is saved and compiled, and what is said about it.

Owns the state that the tab shows. Knows no document: the view is told when to show the state again, so all of it is
tested without a browser.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import replace

from tabgrad.artifacts.script import as_script, script_name
from tabgrad.network import CODE
from tabgrad.settings import RunSettings, SettingsError
from tabgrad.storage import KeptStore

from ..compiler import Compiled, Compiler, SourceProblem
from ..tasks import Tasks
from . import link
from .compiling import Compiling
from .copies import LINK, Copies
from .documents import COPY, Documents, Text
from .examples import EXAMPLES
from .state import CodeState, Status
from .titles import FROM_LINK, own_title, titles_of

#: The text is saved when nothing was typed for so long. Seconds.
PAUSE_S = 0.6
RUN_LINKED = "Run this code"

READ_IT = "This code came with a link or a file. Read it before you use it."
READ_AND_RUN = f"This code came with a link or a file. Read it, then press \u2018{RUN_LINKED}\u2019."
NOT_STORED = "{} Your text is here until this tab closes: download it to keep it."
BESIDE = "Another tab has changed this copy. Yours is kept beside it."
COMPILING = "Compiling \N{HORIZONTAL ELLIPSIS}"
SCRIPT = "The script is in your downloads. It trains this network with Python and tinygrad, without this page."
COPIED = "The link is copied. It has your code, and the settings of this page."
LONG = " It has {:,} characters, and some programs cut links as long as that: a download is safer."


class CodeController:
    """`state` is what the tab shows; `render` is called when it has changed.

    `fetch` returns the source of an example, and raises OSError. `keep` keeps a text for a reload of this tab; `kept`
    is what there was before. Without a `compiler` nothing runs, and the page has no button for it.
    """

    def __init__(
        self,
        store: KeptStore,
        *,
        fetch: Callable[[str], Awaitable[str]],
        keep: Callable[[str], object],
        kept: str,
        render: Callable[[CodeState], object],
        compiler: Compiler | None = None,
        now_s: Callable[[], float] = time.time,
    ) -> None:
        self._fetch, self._keep, self._kept, self._render = fetch, keep, kept, render
        self._compiling = Compiling(compiler, self.say) if compiler else None
        self._copies = Copies(store, now_s)
        self._documents: Documents | None = None
        self._pause: asyncio.TimerHandle | None = None
        self._wrong: str | None = None  # the source that the problem is about
        self._not_stored = ""  # what was said because the text could not be stored
        self.state = CodeState(examples=EXAMPLES, can_compile=compiler is not None)
        self.tasks = Tasks(self._failed_inside)

    async def begin(self, text: Text) -> None:
        """The editor is loaded: show what there is to go on with."""
        self._text = text
        with suppress(OSError):  # the page says so, and so does the first text that cannot be kept
            await self._copies.load()
        self._documents = Documents(text, self._copies, self._fetch, self._keep)
        try:
            await self._documents.begin(self._kept)
        except OSError as error:
            self._say(str(error), error=True)
        self._opened()
        await self.save()

    # ---- What the editor has

    async def choose(self, value: str) -> None:
        """Show an example, a copy, or the code of the link, by its value in the menu. What was there is saved first."""
        if self._documents is not None:
            await self.save()
            try:
                await self._documents.open(value)
            except OSError as error:
                self._say(str(error), error=True)
                return
            self._opened()

    async def open_link(self, packed: str) -> None:
        """Show code that came with a link or a file, and run nothing. What was there before is saved."""
        assert self._documents is not None
        try:
            source = link.unpack(packed)
        except link.LinkError as error:
            self._set_problem(SourceProblem(0, str(error)))
            return
        await self.save()
        self._documents.open_linked(source)
        self._opened()

    def _opened(self) -> None:
        """Another text is in the editor."""
        self._forget_pause()
        if self._compiling is not None:
            self._compiling.forget()
        self._set_problem(None)
        self._follow()
        if self._advice or not self.state.is_error:
            self._say(self._advice)

    @property
    def _advice(self) -> str:
        """What is said of code from elsewhere; empty for any other."""
        if self._documents is None or not self._documents.now.unread:
            return ""
        return READ_AND_RUN if self._compiling else READ_IT

    # ---- Typing and saving

    def changed(self) -> None:
        """The text has changed: it is saved after a pause."""
        self._forget_pause()
        self._pause = asyncio.get_running_loop().call_later(PAUSE_S, lambda: self.tasks.do(self.save()))

    def _forget_pause(self) -> None:
        if self._pause is not None:
            self._pause.cancel()
            self._pause = None

    async def save(self) -> None:
        """Keep the text as it is now, and have what is shown follow it."""
        if self._documents is None:
            return
        self._forget_pause()
        beside = await self._documents.save()
        before, reason = self._not_stored, self._copies.why_waiting
        self._not_stored = NOT_STORED.format(reason) if reason else ""
        if reason:
            self._say(self._not_stored, error=True)
        elif beside:
            self._say(BESIDE)
        elif before and before == self.state.message:  # it is no longer true
            self._say(self._advice)
        self._follow()

    def _follow(self) -> None:
        state = self.state
        state.status = self._status
        found = self._compiling.found(self._text.text) if self._compiling else None
        state.compiled = found if isinstance(found, Compiled) else None
        if state.problem is not None and self._wrong not in (None, self._text.text):
            if lines := self._text.problem_lines():
                state.problem = replace(state.problem, line=lines[0])
            else:  # what was wrong was edited: whether it still is, nobody knows
                self._set_problem(None)
        elif state.status == "failed" and isinstance(found, SourceProblem) and state.problem is None:
            self._set_problem(found, self._text.text)  # what was edited is as it was
        self._show()

    @property
    def _status(self) -> Status:
        """Of the text as it is now."""
        if self._compiling is None:
            return "ready"
        if self._compiling.is_running:
            return "compiling"
        found = self._compiling.found(self._text.text)
        return "ready" if found is None else "compiled" if isinstance(found, Compiled) else "failed"

    def leaving(self) -> None:
        """The page is reloaded or left."""
        if self._documents is not None:
            self._documents.keep()

    async def refresh(self) -> None:
        """The tab is shown again: another one may have made copies meanwhile."""
        if self._documents is not None:
            with suppress(OSError):
                await self._copies.load()
            self._show()

    def erased(self) -> None:
        """All that was stored is erased. The text stays in the editor until the tab is closed."""
        if self._documents is not None:
            self._documents.erased()
            self._show()

    async def reset(self) -> None:
        """Go back to the original; or, right after that, to the edited text again."""
        if self._documents is not None:
            try:
                await self._documents.reset()
            except OSError as error:
                self._say(str(error), error=True)
                return
            self._set_problem(None)
            await self.save()

    # ---- Taking it along

    def packed(self) -> tuple[str, str]:
        """The text for a link, and what to say when the link is copied."""
        packed = link.pack(self._text.text)
        return packed, COPIED + (LONG.format(len(packed)) if len(packed) > link.LONG_LINK else "")

    def file(self) -> tuple[str, bytes]:
        """Name and content of a file with the text."""
        assert self._documents is not None
        now, source = self._documents.now, self._text.text
        is_own = now.base == LINK or own_title(source, now.original)
        return f"{'network' if is_own else now.base}.py", source.encode()

    def script(self, form: RunSettings) -> tuple[str, bytes] | None:
        """Name and content of a file that trains this network as the `form` says, without the page.

        None, with a message, if the text cannot be a network.
        """
        try:
            settings = RunSettings.make({"model": CODE, "source": self._text.text}, form)
            text = as_script(settings)
        except SettingsError as error:
            self._say(str(error), error=True)
            return None
        self._say(SCRIPT)
        return script_name(settings), text.encode()

    # ---- Compiling

    async def compile(self, *, pressed: bool) -> None:
        """Compile the text as it is now. That from elsewhere is compiled only if `pressed`."""
        if self._documents is None or self._compiling is None:
            return
        if self._documents.now.unread and not pressed:
            self._say(self._advice)
            return
        self._documents.may_run()
        try:
            await self._compiling.run(self._begin_compiling, self._show_result, lambda: self._text.text)
        finally:
            self._follow()

    async def _begin_compiling(self) -> str:
        self._set_problem(None)
        self._say(COMPILING)
        await self.save()
        return self._text.text

    def _show_result(self, source: str, found: Compiled | SourceProblem) -> None:
        self._say(found.sentence if isinstance(found, Compiled) else "")
        self._set_problem(found if isinstance(found, SourceProblem) else None, source)

    def cancel(self) -> None:
        """Give up the compilation under way."""
        if self._compiling is not None and self._compiling.is_running:
            self._compiling.compiler.cancel()

    async def train(self) -> None:
        """Train the network as it is written now; it is compiled first if it has changed."""
        compiling = self._compiling
        if compiling is None or compiling.is_running:
            return
        if compiling.found(self._text.text) is None:
            await self.compile(pressed=False)
        source = self._text.text
        if isinstance(compiling.found(source), Compiled):
            try:
                compiling.compiler.train(source)
            except RuntimeError as error:
                self._say(str(error), error=True)

    # ---- The state

    def set_status(self, status: Status) -> None:
        """Show what the tab is doing."""
        self.state.status = status
        self._show()

    def say(self, sentence: str) -> None:
        """A sentence for the status line."""
        self._say(sentence)

    def fail(self, sentence: str) -> None:
        """There is no editor."""
        self._say(sentence, error=True)
        self.set_status("failed")

    def _say(self, sentence: str, *, error: bool = False) -> None:
        self.state.message, self.state.is_error = sentence, error
        self._show()

    def _set_problem(self, problem: SourceProblem | None, source: str | None = None) -> None:
        """Say what is wrong with a `source`, or with none; and mark its line."""
        self.state.problem, self._wrong = problem, source
        self._text.show_problems([(problem.line, problem.message)] if problem else [])
        self._show()

    def _failed_inside(self, error: BaseException) -> None:
        self._say(f"Something went wrong in the page ({type(error).__name__}: {error}). Your text is kept.", error=True)

    def _show(self) -> None:
        state, documents = self.state, self._documents
        if documents is not None:
            linked = {LINK: FROM_LINK} if documents.linked is not None else {}
            state.examples = {**EXAMPLES, **linked}
            rows = documents.copies.rows
            state.copies = {COPY + copy.id: title for copy, title in zip(rows, titles_of(rows), strict=True)}
            state.chosen, state.unread = documents.now.value, documents.now.unread
            state.is_edited, state.can_undo_reset = documents.now.copy is not None, documents.can_undo_reset
        self._render(state)
