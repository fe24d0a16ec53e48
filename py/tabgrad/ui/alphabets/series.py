"""Draw many of one class: each drawing is kept when the pen has paused, and the pad is empty for the next.

Owns when a drawing counts as done. Keeps nothing itself.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Protocol

from tabgrad.ink import Snapshot
from tabgrad.interop.clock import now_s

#: Drawings of a series.
COUNT = 20
#: The pen has paused when it was up for so long, with ink on the pad. Seconds.
PAUSE_S = 1.2
#: How often the pad is looked at meanwhile. Seconds.
_LOOK_S = 0.1


class PadPort(Protocol):
    """What alphabets use of the pad."""

    @property
    def ink(self) -> Snapshot:
        """What is on it."""

    @property
    def is_drawing(self) -> bool:
        """Whether a stroke is being drawn, or the keyboard is at a cell of the pad."""

    def put(self, ink: Snapshot) -> None:
        """Show other ink; the pad's undo brings the old back."""


class Series:
    """`left` drawings of the class at `place` are to come. `keep` keeps what is on the pad; False ends the series.

    `share` of the pause is over, 0..1; `paused` is called whenever that changes.
    """

    def __init__(
        self,
        place: int,
        pad: PadPort,
        *,
        keep: Callable[[], Awaitable[bool]],
        paused: Callable[[], object],
        now: Callable[[], float] = now_s,
        wait: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        self.place, self.left = place, COUNT
        self.share = 0.0
        self._pad, self._keep, self._paused = pad, keep, paused
        self._now, self._wait = now, wait

    async def run(self) -> None:
        """Keep one drawing after the other, until none is left to come."""
        seen, since = self._pad.ink, self._now()
        while self.left > 0:
            await self._wait(_LOOK_S)
            ink, now = self._pad.ink, self._now()
            if ink is not seen or ink.is_empty or self._pad.is_drawing:
                seen, since = ink, now
            share = min(1.0, (now - since) / PAUSE_S)
            if share >= 1:
                if not await self._keep():
                    return
                self.left -= 1
                seen, since, share = self._pad.ink, self._now(), 0.0
            if share != self.share:
                self.share = share
                self._paused()
