"""The worker, as panels see it that did not start it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from tabgrad.protocol import AnyEvent, Command, DataProgress


class WorkerLink(Protocol):
    """`train.client.TrainClient` is one."""

    @property
    def started(self) -> bool:
        """Whether the worker has been started."""

    async def ensure(self) -> None:
        """Start the worker unless it is there. Raises RuntimeError with one sentence."""

    async def ask(self, command: Command, tell: Callable[[DataProgress], object] | None = None) -> AnyEvent:
        """Send a command and wait for its answer, which may be Failed. Raises RuntimeError with one sentence.

        `tell` hears how far it is.
        """

    async def replace_worker(self) -> None:
        """End the worker in the middle of what it does, and start another; a run goes on with that."""
