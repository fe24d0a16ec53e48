"""The console's network, kept on the page: a worker that takes the place of another one is told of it.

It leaves runs alone: the client starts a run again itself.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tabgrad import protocol

from ..worker_link import WorkerLink
from .client import Channel, MakeChannel


class ConsoleNetwork:
    """`make` makes a channel to a worker, as for `TrainClient`."""

    def __init__(self, make: MakeChannel) -> None:
        self._make = make
        self._network: protocol.Remember | None = None  # the latest that a worker has compiled or trained
        self._has_it = True  # the present worker

    def make(self, receive: Callable[[str, list[Any]], None]) -> Channel:
        """A channel to a worker, which knows no network yet."""
        self._has_it = False
        return self._make(receive)

    def follow(self, event: protocol.AnyEvent) -> None:
        """What the present worker says."""
        if isinstance(event, protocol.Written):
            self._network, self._has_it = protocol.Remember(weights=event.weights), True
        elif isinstance(event, protocol.Checkpoint) and event.end_of_epoch:
            self._network, self._has_it = protocol.Remember(checkpoint=event.checkpoint), True

    def forget(self) -> None:
        """The visitor has thrown the network away."""
        self._network = None

    async def bring_back(self, worker: WorkerLink) -> None:
        """Have the present worker know the network. Raises RuntimeError with one sentence if it cannot be asked."""
        if self._network is not None and not self._has_it:
            self._has_it = True
            await worker.ask(self._network)
