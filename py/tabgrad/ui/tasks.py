"""Coroutines that run in the background.

The event loop keeps only weak references to tasks (https://docs.python.org/3/library/asyncio-task.html#creating-tasks),
so they are held here until they are done.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

#: Starts work without waiting for it: `Tasks.do`.
Do = Callable[[Coroutine[Any, Any, Any]], None]


class Tasks:
    """Holds tasks until they are done. `failed` gets every exception that a task did not catch."""

    def __init__(self, failed: Callable[[BaseException], object]) -> None:
        self._failed = failed
        self._tasks: set[asyncio.Task[Any]] = set()

    def do(self, work: Coroutine[Any, Any, Any]) -> None:
        """Start `work` without waiting for it."""
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()):
            self._failed(error)
