"""Training on the visitor's own drawings: it works, it is the same run after a pause of days, or it is refused."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest

from tabgrad.data.catalogue import DataSets
from tabgrad.data.drawings import dumps
from tabgrad.protocol import Checkpoint, Failed, Finished, Ready, Start, Weights
from tests.unit.data.own_drawings import by_hand
from tests.unit.session.session_bench import Bench, on_bench
from tests.unit.session.session_runs import SMALL

SETTINGS = replace(SMALL, data="mine", epochs=2)


class Kept:
    """What is in the browser's storage."""

    def __init__(self, count: int) -> None:
        self.show(count)

    def show(self, count: int) -> None:
        self.content = dumps(by_hand(count), 280.0).encode()

    async def read(self) -> bytes | None:
        return self.content


async def nothing(_url: str | bytes) -> bytes:
    return b""


def with_drawings(kept: Kept, test: Callable[[Bench], Awaitable[None]]) -> None:
    on_bench(test, DataSets({"mnist": None}, nothing, nothing, kept.read))


def test_a_network_learns_the_visitors_hand() -> None:
    kept = Kept(200)

    async def go(bench: Bench) -> None:
        ready = await bench.answer(Start, settings=SETTINGS.to_json())
        assert isinstance(ready, Ready)
        assert "200 of your drawings" in ready.data
        kept.show(220)  # more drawings during the run belong to the next one
        finished = await bench.expect(Finished)
        assert finished.test_accuracy > 0.6
        assert "45 for the test" in ready.data

    with_drawings(kept, go)


@pytest.mark.parametrize("changed", [False, True])
def test_a_resumed_run_equals_the_uninterrupted_one_or_is_refused(changed: bool) -> None:
    kept = Kept(40)

    async def go(bench: Bench) -> None:
        await bench.answer(Start, settings=SETTINGS.to_json())
        await bench.expect(Finished)
        first = await bench.expect(Checkpoint)
        whole = [e for e in bench.events if isinstance(e, Weights)][-1].weights
        bench.forget_events()
        if changed:
            kept.show(41)
            failed = await bench.answer(Start, checkpoint=first.checkpoint)
            assert isinstance(failed, Failed)
            assert failed.message.startswith("Your data has changed")
        else:
            await bench.answer(Start, checkpoint=first.checkpoint)
            await bench.expect(Finished)
            assert [e for e in bench.events if isinstance(e, Weights)][-1].weights == whole

    with_drawings(kept, go)


def test_too_few_drawings_are_one_sentence_and_the_worker_lives_on() -> None:
    kept = Kept(3)

    async def go(bench: Bench) -> None:
        failed = await bench.answer(Start, settings=SETTINGS.to_json())
        assert isinstance(failed, Failed)
        assert failed.kind == "data"
        assert "more drawing" in failed.message
        kept.show(40)
        assert isinstance(await bench.answer(Start, settings=SETTINGS.to_json()), Ready)
        await bench.expect(Finished)

    with_drawings(kept, go)
