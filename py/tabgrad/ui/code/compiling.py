"""Compiles what is in the editor: one text at a time, and always the newest. Says nothing to the visitor."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from ..compiler import Compiled, Compiler, SourceProblem
from . import link

#: After so long without a word of the compiler it is said that the code may be running, and again after twice as long,
#: because a screen reader reads it out each time. Seconds.
SILENT_S = 5.0
STILL_RUNS = "Nothing new for {:.0f} s: your code may still be running. Cancel stops it."
TOO_LONG = f"This source is too long: the page compiles up to {link.MAX_SOURCE:,} characters."


class Compiling:
    """What is compiled by `compiler`, and what came of the last text. `said` gets sentences about how far it is."""

    def __init__(self, compiler: Compiler, said: Callable[[str], object]) -> None:
        self.compiler, self._said = compiler, said
        self.is_running = self._again = False
        self._last: tuple[str, Compiled | SourceProblem] | None = None
        self._document = 0  # counts them

    def found(self, source: str) -> Compiled | SourceProblem | None:
        """What came of this very text, if it was the last."""
        return self._last[1] if self._last and self._last[0] == source else None

    def forget(self) -> None:
        """Another document is in the editor: what comes of the text that is compiled now is not about it."""
        self._last, self._document = None, self._document + 1

    async def run(
        self,
        begin: Callable[[], Awaitable[str]],
        end: Callable[[str, Compiled | SourceProblem], object],
        text: Callable[[], str],
    ) -> None:
        """Compile what `begin` returns, and tell `end` the text and what came of it.

        If that was asked for meanwhile once more, and `text` is another one by then, it is done once more.
        """
        self._again = True
        if self.is_running:
            return
        self.is_running = True
        try:
            while self._again:
                self._again = False
                source, document = await begin(), self._document
                found = await self._ask(source)
                if document == self._document:
                    self._last = source, found
                    end(source, found)
                self._again &= source != text()
        finally:
            self.is_running = False

    async def _ask(self, source: str) -> Compiled | SourceProblem:
        if len(source) > link.MAX_SOURCE:
            return SourceProblem(0, TOO_LONG)
        silence = _Silence(self._said)
        try:
            return await self.compiler.compile(source, silence.said)
        except RuntimeError as error:
            return SourceProblem(0, str(error))
        finally:
            silence.end()


class _Silence:
    """Hands on what the compiler says, to `said`, and says itself how long it has said nothing."""

    def __init__(self, said: Callable[[str], object]) -> None:
        self._said, self._loop = said, asyncio.get_running_loop()
        self._begin()

    def said(self, sentence: str) -> None:
        """The compiler says something."""
        self.end()
        self._said(sentence)
        self._begin()

    def end(self) -> None:
        """Say nothing more."""
        self._timer.cancel()

    def _begin(self) -> None:
        self._since = self._loop.time()
        self._timer = self._loop.call_later(SILENT_S, self._tell)

    def _tell(self) -> None:
        silent_s = self._loop.time() - self._since
        self._said(STILL_RUNS.format(silent_s))
        self._timer = self._loop.call_later(silent_s, self._tell)
