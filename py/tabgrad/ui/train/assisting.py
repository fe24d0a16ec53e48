"""Asks the worker what can be typed in a source, and what a name in it is: one question at a time, the newest first.

Help that comes late is none: whoever types must never wait for it, and nothing is said when there is none.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress

from tabgrad import protocol

from ..compiler import Assistance, Place
from .client import TrainClient

#: A question that takes longer is given up. Seconds.
GIVE_UP_AFTER_S = 1.0


class Assisting:
    """Questions go through `client`, while its worker is there."""

    def __init__(self, client: TrainClient) -> None:
        self._client = client
        self._asked: asyncio.Future[protocol.AnyEvent] | None = None  # until the worker has answered
        self._is_late = False
        self._newest = 0

    async def prepare(self) -> None:
        """Start the worker, and have it load what it needs to answer."""
        with suppress(Exception):  # also of the browser: whoever compiles is told
            await self._client.ensure()
            await self.ask(Place("", 1, 0), hover=False)

    async def ask(self, place: Place, *, hover: bool) -> Assistance:
        """What there is at a place; nothing if the worker is not there, is busy, or if there is a newer question."""
        self._newest = mine = self._newest + 1
        if self._asked is not None and not self._is_late:
            await asyncio.wait([self._asked], timeout=GIVE_UP_AFTER_S)
        if self._asked is not None or mine != self._newest or not self._client.started:
            return Assistance()
        command = protocol.Assist(source=place.source, line=place.line, column=place.column, hover=hover)
        asked = self._asked = asyncio.ensure_future(self._client.ask(command))
        asked.add_done_callback(self._answered)
        self._is_late = False
        await asyncio.wait([asked], timeout=GIVE_UP_AFTER_S)
        self._is_late = not asked.done()
        if self._is_late or asked.cancelled() or asked.exception():
            return Assistance()
        found = asked.result()
        if not isinstance(found, protocol.Assisted):
            return Assistance()
        return Assistance(found.options, found.signature, found.doc)

    def _answered(self, asked: asyncio.Future[protocol.AnyEvent]) -> None:
        self._asked = None
        if not asked.cancelled():
            asked.exception()  # it was seen
