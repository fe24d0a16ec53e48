"""Nothing piles up: ten runs, one after the other in one worker, leave engine and session as two did."""

from __future__ import annotations

import asyncio
import gc
import tracemalloc
from collections import Counter
from dataclasses import replace
from typing import Any

import pytest

from tabgrad.backends.wasm import WasmDevice, WasmExecutable
from tabgrad.protocol import Finished, Start
from tabgrad.session.network import LoadedNetwork
from tabgrad.session.trainer import Trainer
from tests.unit.session.session_bench import Bench
from tests.unit.session.session_runs import SMALL, Digits

RUNS = 10
#: Two networks in turn, so that each run frees the one before. A checkpoint of one is 100 to 200 kB.
TURNS = (replace(SMALL, epochs=1), replace(SMALL, epochs=1, hidden=(32,), optimizer="adamw", lr=0.003))
#: What Python itself may keep, caches of compiled patterns and the like. One leaked checkpoint a run would be 800 kB.
SLACK_BYTES = 60_000


def live() -> Counter[str]:
    """How many objects of the session there are."""
    kinds = (Trainer, LoadedNetwork, WasmExecutable, Digits, asyncio.Task)
    return Counter(type(o).__name__ for o in gc.get_objects() if isinstance(o, kinds))


async def run(bench: Bench, number: int) -> tuple[Any, ...]:
    await bench.answer(Start, settings=TURNS[number % 2].to_json(), answer_target="wasm.simd")
    await bench.expect(Finished)
    while bench.host.running:
        await asyncio.sleep(0)
    bench.forget_events()
    bench.sets.data.sources.clear()  # type: ignore[attr-defined] # the bench's own memory, not the session's
    gc.collect()
    device = bench.opened[0][1]
    assert isinstance(device, WasmDevice)
    return device.arena.end, tuple(device.arena.free), device.arena.pages, live(), tracemalloc.get_traced_memory()[0]


def test_ten_runs_leave_arena_objects_and_memory_flat(monkeypatch: pytest.MonkeyPatch) -> None:
    gc.collect()
    gc.freeze()  # what other tests have left is not looked through after each run
    # How much memory a chunk takes follows its length, and that the clock: here all are as long as they may be.
    monkeypatch.setattr("tabgrad.session.pace.TARGET_S", float("inf"))

    async def go() -> None:
        bench = Bench()
        warm = [await run(bench, number) for number in range(4)]  # programs are compiled, caches filled
        tracemalloc.start()
        after = warm + [await run(bench, number) for number in range(4, RUNS)]
        assert len(bench.opened) == 1
        # Every second run has the same network as the last but one.
        for number in range(4, RUNS):
            assert after[number][:-1] == after[number - 2][:-1], f"after run {number + 1}"
        assert after[-1][-1] < after[5][-1] + SLACK_BYTES
        assert after[-1][3]["Trainer"] == after[-1][3]["LoadedNetwork"] == 1

    try:
        asyncio.run(go())
    finally:
        tracemalloc.stop()
