"""What the page asks the worker about written networks to look into them, and what it makes of the answers."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any, cast

import pytest

from tabgrad import protocol
from tabgrad.network import CODE, Description, LayerRow, SourceError
from tabgrad.program import ProgramError
from tabgrad.settings import OPTIMIZERS, RunSettings
from tabgrad.ui.compiler import SourceProblem
from tabgrad.ui.train.client import TrainClient
from tabgrad.ui.train.trained_models import TrainedModels
from tabgrad.ui.train.written import LOST, WrittenNetworks
from tests.unit.ui.train.controller_bench import PROGRAM

ROW = LayerRow("l", "Linear", "units", (10,), 7850, 7840, 1, "logits")
DESCRIPTION = Description((ROW,), 1, 2, 3, None, False, False)


class Worker:
    """Answers as it is told to. `asked` are the commands."""

    running = False

    def __init__(self, answer: Callable[[protocol.Command], protocol.AnyEvent]) -> None:
        self.answer, self.asked, self.fault, self.replaced = answer, list[Any](), "", 0

    async def ensure(self) -> None:
        if self.fault:
            raise RuntimeError(self.fault)

    async def ask(self, command: protocol.Command) -> protocol.AnyEvent:
        self.asked.append(command)
        return self.answer(command)

    async def replace_worker(self) -> None:
        self.replaced += 1


class SlowWorker(Worker):
    """It never answers."""

    console_is_running = True

    def __init__(self) -> None:
        super().__init__(answered)

    async def ask(self, command: protocol.Command) -> protocol.AnyEvent:
        self.asked.append(command)
        return await asyncio.get_running_loop().create_future()


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
        for _ in range(3):
            with pytest.raises(ProgramError) as refused:
                await known.program("", 10, "saliency")
            assert str(refused.value) == sentence
        assert len(worker.asked) == times
        assert worker.replaced == (times if kind == "internal" else 0)

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
        assert worker.replaced == 1

    asyncio.run(go())


def test_after_a_failure_of_our_own_another_worker_compiles_the_next_text() -> None:
    async def go() -> None:
        worker = Worker(lambda _command: protocol.Failed(kind="internal", message="'NoneType' is not callable"))
        problem = await networks(worker).compile("class Net: ...", lambda _sentence: None)
        assert isinstance(problem, SourceProblem)
        assert (problem.message, worker.replaced) == (LOST, 1)

    asyncio.run(go())


def test_the_rate_of_a_source_goes_with_it() -> None:
    rates = {"own": 0.9, "other": 3e-4, "plain": None}
    form = RunSettings()

    def written(command: protocol.Command) -> protocol.AnyEvent:
        assert isinstance(command, protocol.Compile)
        description = replace(DESCRIPTION, learning_rate=rates[command.settings["source"]])
        return protocol.Written(
            description=json.loads(json.dumps(description.to_json())), program=b"", weights=b"", seconds=1.0
        )

    async def go() -> None:
        nonlocal form

        def compiled(settings: RunSettings) -> None:
            nonlocal form
            form = settings

        worker = Worker(written)
        worker.running = True
        known = WrittenNetworks(
            cast(TrainClient, worker),
            cast(TrainedModels, Page()),
            settings=lambda: form,
            compiled=compiled,
            begin=lambda _settings: None,
        )
        known._offer = offered  # type: ignore[method-assign,assignment] # nothing is to answer
        usual = OPTIMIZERS["adam"].usual_rate
        for source, rate, schedule in [
            ("plain", usual, "one_cycle"),
            ("own", 0.9, "constant"),
            ("plain", usual, "one_cycle"),
            ("other", 3e-4, "constant"),
            ("own", 0.9, "constant"),
        ]:
            await known.compile(source, lambda _sentence: None)
            assert (form.optimizer, form.lr, form.schedule) == ("adam", rate, schedule)
        form = replace(form, lr=0.05)  # the visitor's
        await known.compile("plain", lambda _sentence: None)
        assert (form.lr, form.schedule) == (0.05, "constant")

    asyncio.run(go())


async def offered(_written: protocol.Written, _settings: RunSettings) -> None:
    return None
