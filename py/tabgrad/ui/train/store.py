"""What training keeps in this browser: the run to resume with its timeline, finished runs, and their weights.

Owns what is kept and what makes room for it; the caller gives the storage. When that is full or forbidden, results
wait in memory until it takes them, and one sentence says so meanwhile.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace

from tabgrad.artifacts import (
    RunRow,
    RunTable,
    TimelineEntry,
    bounded,
    dump_index,
    dump_rows,
    is_table,
    load_index,
    load_rows,
    load_table,
    named,
    with_default_name,
)
from tabgrad.storage import KeptStore, keys

#: Runs whose weights are kept; the table remembers more.
KEPT_WEIGHTS = 12
KEPT_RUNS = 200
#: Gives the rows that can be shown after a change.
ChangeRows = Callable[[RunTable], list[RunRow]]
UNREADABLE = (
    "The table of your runs cannot be read: it is damaged, or from a newer version of the page. It stays stored: when "
    "the next run ends, it is put aside."
)


@dataclass
class _StoredTimeline:
    """The stored timeline of the run `run_id`: weights by step, `kept`. `wanted` are entries that wait to be stored.

    `foreign`: what is stored is another run's. `full`: there is no room for a timeline. `over`: nothing more of the run
    is stored.
    """

    run_id: str = ""
    kept: dict[int, bytes] = field(default_factory=dict)
    foreign: bool = False
    full: bool = False
    over: bool = False
    wanted: list[TimelineEntry] | None = None


@dataclass(frozen=True)
class ForgottenRun:
    """What was deleted with a run: its row, its weights if they were kept, and its timeline if that was."""

    row: RunRow
    weights: bytes | None
    timeline: Sequence[TimelineEntry]


class TrainStore:
    """`complain` gets a sentence when something cannot be stored in `kept`, and `take_back` the same once it can.

    `forgotten` is the run that was removed last and can be restored, until another one is or the tab closes.
    """

    def __init__(
        self, kept: KeptStore, complain: Callable[[str], None], take_back: Callable[[str], object] = lambda _: None
    ) -> None:
        self._kept, self._complain, self._take_back = kept, complain, take_back
        self._timeline_lock = asyncio.Lock()
        self._said, self._waits = "", False
        self._timeline = _StoredTimeline()
        self.runs: list[RunRow] = []
        self.forgotten: ForgottenRun | None = None
        kept.watchers.append(self._on_kept)

    async def load(self) -> None:
        """Read the table of runs, with those of other tabs. One that cannot be read counts as empty."""
        try:
            found = await self._kept.get(keys.RUNS)
        except OSError:
            return
        self.runs = load_rows(found) if found is not None else []
        if found is not None and not is_table(found):
            self._say(UNREADABLE)

    @property
    def fault(self) -> str:
        """Why something is only here until the tab closes; empty if nothing is."""
        return _sentence(self._kept.why_waiting(keys.TRAINING_PREFIX))

    def _on_kept(self) -> None:
        """Something was written: perhaps more waits in memory now, or nothing any more."""
        waited, self._waits = self._waits, bool(self.fault)
        if self._waits:
            self._say(self.fault)
        elif waited:
            self._relieve()

    def _say(self, sentence: str) -> None:
        if sentence != self._said:
            self._said = sentence
            self._complain(sentence)

    def _relieve(self) -> None:
        said, self._said = self._said, ""
        if said:
            self._take_back(said)

    def erased(self) -> None:
        """All that was stored is erased: forget it here, too, and store no more of the last run."""
        self.runs, self.forgotten = [], None
        self._timeline = _StoredTimeline(over=True)

    async def drawings(self) -> bytes | None:
        """The file of the visitor's own drawings, or None."""
        return await self._get(keys.DRAWINGS)

    def begin(self, run_id: str, *, resumed: bool, alone: bool = True) -> None:
        """A run begins. Only one run can be resumed: the first thing stored of this run replaces what is stored.

        A `resumed` run keeps its stored timeline. If this tab is not `alone` in training, the run to resume is the
        other tab's, and nothing of this run is stored before it ends.
        """
        self._timeline = _StoredTimeline(run_id, kept=self._timeline.kept, foreign=not resumed, over=not alone)

    async def save_checkpoint(self, checkpoint: bytes) -> None:
        """Store the checkpoint to resume from, in the place of the one before."""
        async with self._timeline_lock:
            if self._timeline.over:
                return
            await self._make_own()
            if await self._kept.try_put(keys.RESUME, checkpoint):
                await self._drop_timeline()  # the timeline is worth less than the checkpoint
                self._timeline.full = True
                await self._kept.put(keys.RESUME, checkpoint)

    async def checkpoint(self) -> bytes | None:
        """The checkpoint to resume from, or None."""
        return await self._get(keys.RESUME)

    async def save_timeline(self, entries: Sequence[TimelineEntry]) -> None:
        """Store the timeline of the run under way, if there is room; what was thinned out is deleted."""
        timeline = self._timeline
        timeline.wanted = list(entries)
        async with self._timeline_lock:
            if timeline is not self._timeline or timeline.over or timeline.full or timeline.wanted is None:
                return  # the run is over, or an earlier call has stored these, too
            await self._make_own()
            wanted, timeline.wanted = timeline.wanted, None
            news = [
                (keys.timeline_weights(e.step), e.weights) for e in wanted if timeline.kept.get(e.step) is not e.weights
            ]
            for key, value in [*news, (keys.TIMELINE, dump_index(timeline.run_id, wanted))]:
                if reason := await self._kept.try_put(key, value):
                    timeline.full = True
                    timeline.kept |= {e.step: e.weights for e in wanted}
                    await self._drop_timeline()
                    self._say(_sentence(reason))
                    return
            for step in timeline.kept.keys() - {e.step for e in wanted}:
                await self._kept.delete(keys.timeline_weights(step))
            timeline.kept = {e.step: e.weights for e in wanted}

    async def timeline(self) -> tuple[str, list[TimelineEntry]]:
        """The id of a run and its stored timeline: the run to resume, or else the one that ended last."""
        async with self._timeline_lock:
            run_id, found = await self._index()
            entries = await self._with_weights(found)
            self._timeline.kept = {e.step: e.weights for e in entries}
            return run_id, [e for e in entries if e.weights]

    async def _with_weights(self, entries: Sequence[TimelineEntry]) -> list[TimelineEntry]:
        return [replace(e, weights=await self._get(keys.timeline_weights(e.step)) or b"") for e in entries]

    async def _index(self) -> tuple[str, list[TimelineEntry]]:
        """The stored index. A damaged one counts as none: later runs write over its weights."""
        found = await self._get(keys.TIMELINE)
        with suppress(ValueError):
            return load_index(found) if found else ("", [])
        return "", []

    async def drop_checkpoint(self) -> None:
        """Delete what a run could be resumed from, and store no more of it. A run that has ended keeps its timeline."""
        if self._timeline.over:
            return
        self._timeline.over = True
        async with self._timeline_lock:
            await self._kept.delete(keys.RESUME)
            await self._drop_timeline()

    async def finish(self, row: RunRow, weights: bytes, entries: Sequence[TimelineEntry]) -> None:
        """The run has ended with these weights: a row in the table, and its timeline until another run has one.

        The checkpoint goes last: if the tab closes in between, the run is in the table, or can be resumed.
        """
        await self.save_timeline(entries)
        resumable, self._timeline.over = not self._timeline.over, True
        await self.add_run(row, weights)
        if resumable:
            async with self._timeline_lock:
                await self._kept.delete(keys.RESUME)

    async def _make_own(self) -> None:
        """Delete the timeline of another run: the run under way has something to store."""
        if self._timeline.foreign:
            self._timeline.foreign = False
            await self._drop_timeline()

    async def _drop_timeline(self) -> None:
        steps = {*self._timeline.kept, *(e.step for e in (await self._index())[1])}
        for key in [keys.TIMELINE, *map(keys.timeline_weights, sorted(steps))]:
            await self._kept.delete(key)
        self._timeline.kept = {}

    async def add_run(self, row: RunRow, weights: bytes) -> None:
        """Number a finished run and add it to the table, newest first. Weights of old runs are deleted."""
        may_return = self.forgotten.row["number"] if self.forgotten else 0

        def add(table: RunTable) -> list[RunRow]:
            number = 1 + max(table.highest_number, may_return)
            return [with_default_name({**row, "number": number}), *table.rows]

        await self._put_run(row["id"], weights, add)
        if not self.fault:
            self._relieve()  # a timeline that did not fit is missed no longer

    async def _put_run(self, run_id: str, weights: bytes | None, add: ChangeRows) -> None:
        """Store a run's weights, and its row in the table."""
        if weights is not None:
            await self._kept.put(keys.run_weights(run_id), weights)
        await self._change_runs(lambda table: bounded(add(table)[:KEPT_RUNS]))
        for old in self.runs[KEPT_WEIGHTS:]:
            await self._kept.delete(keys.run_weights(old["id"]))

    async def _change_runs(self, change: ChangeRows) -> None:
        """Change the table of runs, to which another tab may have added some."""

        gone = set[str]()

        def changed(content: bytes | None) -> bytes:
            before = load_table(content or b"")
            after = before.with_rows(change(before))
            gone.update(before.ids - after.ids)
            return after.dumps()

        table, _ = await self._kept.change(keys.RUNS, changed, dump_rows(self.runs), is_table)
        self.runs = load_rows(table) if table else []
        for run_id in gone - {row["id"] for row in self.runs}:
            await self._kept.delete(keys.run_weights(run_id))

    async def rename_run(self, run_id: str, name: str) -> None:
        """Call a run otherwise in the table."""
        await self._change_runs(lambda table: [named(row, name) if row["id"] == run_id else row for row in table.rows])

    async def remove_run(self, run_id: str) -> None:
        """Forget a run. The last one that was forgotten can be restored."""
        await self.load()
        row = next((row for row in self.runs if row["id"] == run_id), None)
        if row is None:
            return
        weights, timeline = await self.weights(run_id), list[TimelineEntry]()
        await self._kept.delete(keys.run_weights(run_id))
        await self._change_runs(lambda table: [other for other in table.rows if other["id"] != run_id])
        async with self._timeline_lock:
            owner, found = await self._index()
            if owner == run_id:
                timeline = [entry for entry in await self._with_weights(found) if entry.weights]
                await self._drop_timeline()
        self.forgotten = ForgottenRun(row, weights, timeline)

    async def restore_run(self) -> None:
        """Bring back the run that was forgotten last, and its timeline unless another run has one by now."""
        forgotten, self.forgotten = self.forgotten, None
        if forgotten is None:
            return
        row = forgotten.row
        await self._put_run(
            row["id"], forgotten.weights, lambda table: sorted([*table.rows, row], key=lambda other: -other["number"])
        )
        async with self._timeline_lock:
            if forgotten.timeline and not (await self._index())[1] and await self.checkpoint() is None:
                await self._put_timeline(row["id"], forgotten.timeline)

    async def _put_timeline(self, run_id: str, entries: Sequence[TimelineEntry]) -> None:
        """Store a whole timeline, or nothing if there is no room."""
        weights = [(keys.timeline_weights(entry.step), entry.weights) for entry in entries]
        for key, value in [*weights, (keys.TIMELINE, dump_index(run_id, entries))]:
            if await self._kept.try_put(key, value):
                self._timeline.kept |= {entry.step: entry.weights for entry in entries}
                await self._drop_timeline()
                return

    async def weights(self, run_id: str) -> bytes | None:
        """The weights of a run, if they are still kept."""
        return await self._get(keys.run_weights(run_id))

    async def _get(self, key: str) -> bytes | None:
        with suppress(OSError):
            return await self._kept.get(key)
        return None


def _sentence(reason: str) -> str:
    return f"{reason} What you train is here until this tab closes: export what you want to keep." if reason else ""


def own_data_option(content: bytes | None) -> tuple[str, bool]:
    """The title of the visitor's own drawings in the field "data", and whether they can be chosen.

    `content` is their file, None if there is none. Too few drawings can be chosen, too: a run that cannot begin says
    how many more it takes, and where to draw them.
    """
    count = 0
    if content:
        from tabgrad.data.drawings import DrawingsError, loads  # only now: most visitors have none

        try:
            count = len(loads(content))
        except DrawingsError:
            return "Your own (damaged)", False
    return (f"Your own ({count})", True) if count else ("Your own (none kept)", False)
