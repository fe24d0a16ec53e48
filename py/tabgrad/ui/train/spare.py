"""A worker that is started ahead, for those who stop the present one: without shared memory nothing else ends a loop.

Owns the spare worker until it is handed out. `client` does not know that a channel was one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from .client import Channel, MakeChannel

Receive = Callable[[str, list[Any]], None]


class SpareWorkers:
    """`make` makes a channel, as for `TrainClient`, and `first` is the worker's first message."""

    def __init__(self, make: MakeChannel, first: str) -> None:
        self._make, self._first = make, first
        self._spare: _Spare | None = None
        self._preparing = False

    def make(self, receive: Receive) -> Channel:
        """A channel to a worker: the spare one, if it is there."""
        spare, self._spare = self._spare, None
        if spare is None or spare.has_failed:
            return self._make(receive)
        spare.listener = receive
        return spare

    async def prepare(self) -> None:
        """Have a spare worker started, unless there is one. If it cannot be, there is none: nobody waits for it."""
        if self._preparing or (self._spare is not None and not self._spare.has_failed):
            return
        self._preparing = True
        spare = _Spare(self._make)
        try:
            await spare.channel.start(self._first)
            self._spare = spare
        except RuntimeError:
            spare.terminate()
        finally:
            self._preparing = False


class _Spare:
    """A channel whose worker is started already. `listener` gets what it says, once it is handed out."""

    def __init__(self, make: MakeChannel) -> None:
        self.listener: Receive | None = None
        self.has_failed = False
        self.channel = make(self._receive)

    def _receive(self, text: str, blobs: list[Any]) -> None:
        if self.listener is not None:
            self.listener(text, blobs)
        else:  # it was asked nothing, so it says that it cannot start
            self.has_failed = True
            self.terminate()

    async def start(self, first: str) -> None:
        """It was."""

    def send(self, text: str, blobs: Sequence[Any] = ()) -> None:
        self.channel.send(text, blobs)

    def terminate(self) -> None:
        self.channel.terminate()
