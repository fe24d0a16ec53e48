"""Helps with what is typed: passes the editor's questions on to the worker. Never starts it for code that is unread."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict

from ..compiler import Assistance, Compiler, Place


class Helping:
    """`unread` tells whether the code in the editor came with a link, and has not been run."""

    def __init__(self, compiler: Compiler | None, unread: Callable[[], bool]) -> None:
        self._compiler, self._unread = compiler, unread
        self._is_prepared = False

    async def focused(self) -> None:
        """Somebody may type soon: have the worker ready for it, unless the code that is shown has to be read first."""
        if self._compiler is not None and not self._is_prepared and not self._unread():
            self._is_prepared = True
            await self._compiler.prepare()

    async def answer(self, place: Place, answer: Callable[[str], object], *, hover: bool) -> None:
        """Call `answer` once, with what is known of a place, an `Assistance` as JSON. Runs nothing of the code."""
        found = Assistance()
        try:
            if self._compiler is not None:
                found = await self._compiler.assist(place, hover=hover)
        finally:
            answer(json.dumps(asdict(found)))
