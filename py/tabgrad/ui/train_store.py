"""What training leaves behind in this browser: the checkpoint to resume from, finished runs, and their weights.

Owns keys and their order; how bytes are kept is given by the caller. When the storage is full or forbidden, what was
made stays in memory until the tab closes, and one sentence says so.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any, Protocol

from .train_data import usable_row

RESUME = "train/resume"
RUNS = "train/runs"
#: Runs whose weights are kept; the table remembers more.
KEPT_WEIGHTS = 12
KEPT_RUNS = 200


class Storage(Protocol):
    """Bytes by key between visits: `interop.storage.Storage`. All methods raise OSError with one sentence."""

    async def get(self, key: str) -> bytes | None:
        """What is under `key`, or None."""

    async def put(self, key: str, value: bytes) -> None:
        """Keep `value`."""

    async def delete(self, key: str) -> None:
        """Forget `key`."""


class TrainStore:
    """`open_storage` opens the browser's storage; `complain` gets a sentence when something cannot be kept."""

    def __init__(self, open_storage: Callable[[], Awaitable[Storage]], complain: Callable[[str], None]) -> None:
        self._open, self._complain = open_storage, complain
        self._storage: Storage | None = None
        self._memory: dict[str, bytes] = {}
        self._turn = asyncio.Lock()
        self._complained = False
        self.runs: list[dict[str, Any]] = []

    async def load(self) -> None:
        """Read the table of runs. A damaged one is begun anew."""
        found = await self._get(RUNS)
        try:
            rows = json.loads(found) if found else []
        except ValueError:
            rows = []
        self.runs = [row for row in rows if usable_row(row)] if isinstance(rows, list) else []

    async def save_checkpoint(self, checkpoint: bytes) -> None:
        """Keep the point to resume from; it takes the place of the one before."""
        await self._put(RESUME, checkpoint)

    async def checkpoint(self) -> bytes | None:
        """The point to resume from, or None."""
        return await self._get(RESUME)

    async def drop_checkpoint(self) -> None:
        """The run is over: there is nothing to resume."""
        await self._delete(RESUME)

    async def add_run(self, row: dict[str, Any], weights: bytes) -> None:
        """Add a finished run to the table, newest first, with its weights. Weights of old runs make room."""
        self.runs = [row, *self.runs][:KEPT_RUNS]
        await self._put(weights_key(row["id"]), weights)
        for old in self.runs[KEPT_WEIGHTS:]:
            await self._delete(weights_key(old["id"]))
        await self._put(RUNS, json.dumps(self.runs).encode())

    async def remove_run(self, run_id: str) -> None:
        """Forget a run."""
        self.runs = [row for row in self.runs if row["id"] != run_id]
        await self._delete(weights_key(run_id))
        await self._put(RUNS, json.dumps(self.runs).encode())

    async def weights(self, run_id: str) -> bytes | None:
        """The weights of a run, if they are still kept."""
        return await self._get(weights_key(run_id))

    async def _ready(self) -> Storage:
        if self._storage is None:
            self._storage = await self._open()
        return self._storage

    async def _get(self, key: str) -> bytes | None:
        async with self._turn:
            if key in self._memory:
                return self._memory[key]
            try:
                return await (await self._ready()).get(key)
            except OSError:
                return None

    async def _put(self, key: str, value: bytes) -> None:
        async with self._turn:
            try:
                await (await self._ready()).put(key, value)
                self._memory.pop(key, None)
            except OSError as error:
                self._memory[key] = value
                if not self._complained:
                    self._complained = True
                    self._complain(f"{error} Training goes on; export what you want to keep before closing the tab.")

    async def _delete(self, key: str) -> None:
        async with self._turn:
            self._memory.pop(key, None)
            try:
                await (await self._ready()).delete(key)
            except OSError:
                return


def weights_key(run_id: str) -> str:
    """Where a run's weights are kept."""
    return f"train/weights/{run_id}"
