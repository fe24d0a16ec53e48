"""What the page asks the worker about written networks to look into them, and what it makes of the answers."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any, cast

import pytest

from tabgrad import protocol
from tabgrad.network import CODE, Description, LayerRow, SourceError
from tabgrad.program import ProgramError
from tabgrad.settings import RunSettings
from tabgrad.ui.train.client import TrainClient
from tabgrad.ui.train.trained_models import TrainedModels
from tabgrad.ui.train.written import LOST, WrittenNetworks
from tests.unit.ui.train.controller_bench import PROGRAM

ROW = LayerRow("l", "Linear", "units", (10,), 7850, 7840, 1, "logits")
DESCRIPTION = Description((ROW,), 1, 2, 3, None, False, False)


class Worker:
    """Answers as it is told to. `asked` are the commands."""

    def __init__(self, answer: Callable[[protocol.Command], protocol.AnyEvent]) -> None:
        self.answer, self.asked, self.fault = answer, list[Any](), ""

    async def ensure(self) -> None:
        if self.fault:
            raise RuntimeError(self.fault)

    async def ask(self, command: protocol.Command) -> protocol.AnyEvent:
        self.asked.append(command)
        return self.answer(command)


class SlowWorker(Worker):
    """It never answers."""

    console_is_running, is_replaced = True, False

    def __init__(self) -> None:
        super().__init__(answered)

    async def ask(self, command: protocol.Command) -> protocol.AnyEvent:
        self.asked.append(command)
        return await asyncio.get_running_loop().create_future()

    async def replace_worker(self) -> None:
        self.is_replaced = True


class Page:
    target = "wasm.simd"


def networks(worker: Worker) -> WrittenNetworks:
    return WrittenNetworks(
        cast(TrainClient, worker),
        cast(TrainedModels, Page()),
        settings=RunSettings,
        compiled=lambda _settings: None,
        begin=lambda _settings: None,
    )


def answered(command: protocol.Command) -> protocol.AnyEvent:
    if isinstance(command, protocol.Compile):
        return protocol.Written(
            description=json.loads(json.dumps(DESCRIPTION.to_json())), program=b"", weights=b"", seconds=1.0
        )
    assert isinstance(command, protocol.Prepare)
    return protocol.Compiled(name=command.program, source="", seconds=0.0, program=PROGRAM)


def test_the_worker_is_asked_once_for_a_description_and_for_programs_by_name() -> None:
    async def go() -> None:
        worker = Worker(answered)
        known, source = networks(worker), "class Net: ..."
        assert await known.describe(source, 26) == await known.describe(source, 26) == DESCRIPTION
        assert (await known.program(source, 26, "saliency")).name == "infer"
        compiled, prepared = worker.asked
        assert isinstance(compiled, protocol.Compile)
        assert (prepared.program, prepared.answer_target) == ("saliency", "wasm.simd")
        assert (prepared.settings["model"], prepared.settings["source"]) == (CODE, source)
        assert len(prepared.settings["labels"]) == len(compiled.settings["labels"]) == 26
        assert await known.describe(source, 10) == DESCRIPTION  # another network, though of the same source
        assert "labels" not in worker.asked[-1].settings

    asyncio.run(go())


@pytest.mark.parametrize(("kind", "sentence", "times"), [("code", "It is rounded.", 1), ("internal", LOST, 2)])
def test_what_the_source_makes_impossible_is_asked_for_once(kind: str, sentence: str, times: int) -> None:
    async def go() -> None:
        worker = Worker(lambda _command: protocol.Failed(kind=kind, message="It is rounded."))
        known = networks(worker)
        for _ in range(2):
            with pytest.raises(ProgramError) as refused:
                await known.program("", 10, "saliency")
            assert str(refused.value) == sentence
        assert len(worker.asked) == times

    asyncio.run(go())


def test_a_worker_that_does_not_start_is_one_sentence() -> None:
    async def go() -> None:
        worker = Worker(answered)
        worker.fault = "Training cannot start here."
        with pytest.raises(ProgramError, match="cannot start"):
            await networks(worker).describe("", 10)

    asyncio.run(go())


def test_a_compilation_waits_for_a_command_of_the_console() -> None:
    async def go() -> None:
        worker = SlowWorker()
        compiling = asyncio.ensure_future(networks(worker)._ask(protocol.Compile(settings={}, answer_target=""), 0.01))
        await asyncio.sleep(0.1)
        assert not compiling.done()
        worker.console_is_running = False
        with pytest.raises(SourceError, match="has not come to an end"):
            await compiling
        assert worker.is_replaced

    asyncio.run(go())
