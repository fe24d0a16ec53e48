"""What training leaves behind in this browser: the run to resume with its timeline, finished runs, and their weights.

Owns keys and their order; how bytes are kept is given by the caller. When the storage is full or forbidden, what was
made stays in memory until the tab closes, and one sentence says so.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from tabgrad.protocol import DRAWINGS_KEY

from .data import Moment, indexed_moments, moments_index, usable_row

RESUME = "train/resume"
TIMELINE = "train/timeline"
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


@dataclass
class _Timeline:
    """What is kept of the timeline of the run `run_id`: weights by step, `kept`. `wanted` waits to be kept.

    `foreign`: what is kept is another run's. `full`: there is no room for one. `over`: nothing more is kept of the run.
    """

    run_id: str = ""
    kept: dict[int, bytes] = field(default_factory=dict)
    foreign: bool = False
    full: bool = False
    over: bool = False
    wanted: list[Moment] | None = None


class TrainStore:
    """`open_storage` opens the browser's storage; `complain` gets a sentence when something cannot be kept."""

    def __init__(self, open_storage: Callable[[], Awaitable[Storage]], complain: Callable[[str], None]) -> None:
        self._open, self._complain = open_storage, complain
        self._storage: Storage | None = None
        self._memory: dict[str, bytes] = {}
        self._turn, self._timeline_turn = asyncio.Lock(), asyncio.Lock()
        self._fault = ""
        self._timeline = _Timeline()
        self.runs: list[dict[str, Any]] = []

    async def load(self) -> None:
        """Read the table of runs, with those of other tabs. A damaged one is begun anew."""
        found = await self._get(RUNS)
        if found is None:
            return
        try:
            rows = json.loads(found)
        except ValueError:
            rows = []
        self.runs = [row for row in rows if usable_row(row)] if isinstance(rows, list) else []

    @property
    def fault(self) -> str:
        """Why something is only here until the tab closes; empty if nothing is."""
        return self._fault if self._memory else ""

    async def drawings(self) -> bytes | None:
        """The file of the visitor's own drawings, or None."""
        return await self._get(DRAWINGS_KEY)

    def begin(self, run_id: str, *, resumed: bool, alone: bool = True) -> None:
        """A run begins. Unless it goes on from what is kept, the first that is kept of it takes the place of that.

        There is room for one run: what is kept stays that of another tab if this one is not `alone` in training.
        """
        self._timeline = _Timeline(run_id, kept=self._timeline.kept, foreign=not resumed, over=not alone)

    async def save_checkpoint(self, checkpoint: bytes) -> None:
        """Keep the point to resume from; it takes the place of the one before."""
        async with self._timeline_turn:
            if self._timeline.over:
                return
            await self._make_own()
            if await self._try(RESUME, checkpoint) is not None:
                await self._drop_moments()  # the way there is worth less than the point to go on from
                self._timeline.full = True
                await self._put(RESUME, checkpoint)

    async def checkpoint(self) -> bytes | None:
        """The point to resume from, or None."""
        return await self._get(RESUME)

    async def save_moments(self, moments: Sequence[Moment]) -> None:
        """Keep the timeline of the run under way, as far as there is room; what was thinned out goes."""
        timeline = self._timeline
        timeline.wanted = list(moments)
        async with self._timeline_turn:
            if timeline is not self._timeline or timeline.over or timeline.full or timeline.wanted is None:
                return  # the run is over, or whoever waited before has kept these, too
            await self._make_own()
            wanted, timeline.wanted = timeline.wanted, None
            news = [(moment_key(m.step), m.weights) for m in wanted if timeline.kept.get(m.step) is not m.weights]
            for key, value in [*news, (TIMELINE, moments_index(timeline.run_id, wanted))]:
                if error := await self._try(key, value):
                    timeline.full = True
                    timeline.kept |= {m.step: m.weights for m in wanted}
                    await self._drop_moments()
                    self._say(error)
                    return
            for step in timeline.kept.keys() - {m.step for m in wanted}:
                await self._delete(moment_key(step))
            timeline.kept = {m.step: m.weights for m in wanted}

    async def moments(self) -> tuple[str, list[Moment]]:
        """The timeline that is kept and its run's id: of the run to resume, or else of the one that ended last."""
        async with self._timeline_turn:
            run_id, found = await self._index()
            weights = [await self._get(moment_key(m.step)) for m in found]
            self._timeline.kept = {m.step: w or b"" for m, w in zip(found, weights, strict=True)}
            return run_id, [replace(m, weights=w) for m, w in zip(found, weights, strict=True) if w]

    async def _index(self) -> tuple[str, list[Moment]]:
        """Of what is kept. A damaged one is as good as none: its weights are written over by runs to come."""
        found = await self._get(TIMELINE)
        with suppress(ValueError):
            return indexed_moments(found) if found else ("", [])
        return "", []

    async def drop_checkpoint(self) -> None:
        """There is nothing to resume any more. What is still on its way to be kept of a run under way, is not; a run
        that has ended keeps its timeline.
        """
        if self._timeline.over:
            return
        self._timeline.over = True
        async with self._timeline_turn:
            await self._delete(RESUME)
            await self._drop_moments()

    async def finish(self, row: dict[str, Any], weights: bytes, moments: Sequence[Moment]) -> None:
        """The run has ended with these weights: a row in the table, and its timeline until another run has one."""
        await self.save_moments(moments)
        if not self._timeline.over:
            self._timeline.over = True
            async with self._timeline_turn:
                await self._delete(RESUME)
        await self.add_run(row, weights)

    async def _make_own(self) -> None:
        """The run under way has something to keep: the timeline of another one goes."""
        if self._timeline.foreign:
            self._timeline.foreign = False
            await self._drop_moments()

    async def _drop_moments(self) -> None:
        steps = {*self._timeline.kept, *(m.step for m in (await self._index())[1])}
        for key in [TIMELINE, *map(moment_key, sorted(steps))]:
            await self._delete(key)
        self._timeline.kept = {}

    async def add_run(self, row: dict[str, Any], weights: bytes) -> None:
        """Number a finished run and add it to the table, newest first. Weights of old runs make room for its own."""
        await self.load()  # another tab may have added one
        number = 1 + max((other["number"] for other in self.runs), default=0)
        self.runs = [{**row, "number": number}, *self.runs][:KEPT_RUNS]
        await self._put(weights_key(row["id"]), weights)
        for old in self.runs[KEPT_WEIGHTS:]:
            await self._delete(weights_key(old["id"]))
        await self._put(RUNS, json.dumps(self.runs).encode())

    async def remove_run(self, run_id: str) -> None:
        """Forget a run."""
        await self.load()
        self.runs = [row for row in self.runs if row["id"] != run_id]
        await self._delete(weights_key(run_id))
        await self._put(RUNS, json.dumps(self.runs).encode())
        async with self._timeline_turn:
            if (await self._index())[0] == run_id:
                await self._drop_moments()

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
        if error := await self._try(key, value):
            self._memory[key] = value
            self._say(error)

    async def _try(self, key: str, value: bytes) -> OSError | None:
        """Keep `value`; what went wrong, if it cannot be kept."""
        async with self._turn:
            try:
                await (await self._ready()).put(key, value)
                self._memory.pop(key, None)
            except OSError as error:
                return error
        return None

    def _say(self, error: OSError) -> None:
        if not self._fault:
            self._fault = f"{error} What you train is here until this tab closes: export what you want to keep."
            self._complain(self._fault)

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


def moment_key(step: int) -> str:
    """Where the weights of a point of the timeline are kept."""
    return f"{TIMELINE}/{step}"
