"""Which engine and which model answer, when everything works and when something does not."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from tabgrad.backends import DeviceLostError, EngineError, NoAnswerError
from tabgrad.backends.engines import MAX_REOPENED, EngineChoice
from tabgrad.network import WeightsError
from tabgrad.ui.answering import Answering
from tabgrad.ui.models import Model
from tabgrad.ui.models.registry import ModelRegistry


class FakePredictor:
    def __init__(self) -> None:
        self.used: list[Any] = []
        self.refreshed = 0

    def use(self, classifier: Any) -> None:
        self.used.append(classifier)

    def refresh(self) -> None:
        self.refreshed += 1


class FakeDevice:
    def __init__(self, name: str) -> None:
        self.name, self.lost = name, False

    def destroy(self) -> None:
        self.lost = True


LOST = "The graphics device was lost (reset)."


class FakeRegistry(ModelRegistry):
    """Loads any model that is not `broken`; `broken` holds pairs of engine and model."""

    def __init__(self) -> None:
        super().__init__({}, self._no_file, {"mlp": "MLP", "cnn": "CNN"}, "mlp", render=lambda _registry: None)
        self.broken: set[tuple[str, str]] = set()
        self.killing = dict[str, int]()  # how often the device is lost while this model is loaded
        self.silent: set[str] = set()  # engines that do not answer

    async def _no_file(self, url: str) -> bytes:
        raise OSError(url)

    async def load(self, name: str) -> Model:
        device: Any = self._device
        await asyncio.sleep(0)
        if self.killing.get(name, 0) > 0 and not device.lost:
            self.killing[name] -= 1
            device.lost = True
        await asyncio.sleep(0)
        if device.lost:
            raise DeviceLostError(LOST)
        if device.name in self.silent:
            raise NoAnswerError("The graphics device has not answered for 20 s.")
        if (device.name, name) in self.broken:
            raise EngineError(f"{name} is broken.")
        if name in self._made:
            return await self._made[name](device)
        return Model(name, {}, None)  # type: ignore[arg-type] # it is never run


class Bench:
    def __init__(self, forced: str = "") -> None:
        self.predictor: Any = FakePredictor()
        self.registry = FakeRegistry()
        self.lines: list[str] = []  # all that was said, in order
        self.error = ""  # the last one
        self.opened: list[str] = []
        self.missing: set[str] = set()
        self.reasons: list[str] = []
        self.changes = 0
        self.answering = Answering(
            self.registry,
            self.predictor,
            open_engine=self._open,
            forced=forced,
            show_engine=lambda choice: self.reasons.append(choice.reason),
            changed=self._changed,
            say=self.lines.append,
            fail=self._fail,
        )

    def _fail(self, sentence: str) -> None:
        self.lines.append(sentence)
        self.error = sentence

    def _changed(self) -> None:
        self.changes += 1

    async def _open(self, wanted: str, _programs: Any, _model: str) -> EngineChoice:
        name = wanted or "webgpu"
        if name in self.missing:
            raise EngineError(f"{name} cannot be opened.")
        self.opened.append(name)
        return EngineChoice(FakeDevice(name), "it is the best")  # type: ignore[arg-type] # as much as is used

    async def settle(self) -> None:
        for _ in range(60):
            await asyncio.sleep(0)

    @property
    def device(self) -> Any:
        return self.answering.device

    @property
    def model(self) -> str | None:
        return self.answering.model.name if self.answering.model else None


def on_bench(test: Callable[[Bench], Awaitable[None]], **options: str) -> None:
    asyncio.run(test(Bench(**options)))  # type: ignore[arg-type]


def test_the_picked_model_answers_and_the_visitor_can_choose() -> None:
    async def go(bench: Bench) -> None:
        await bench.answering.start()
        assert (bench.model, bench.registry.can_choose, bench.error) == ("mlp", True, "")
        assert bench.lines[-1] == "MLP is ready."

    on_bench(go)


def test_where_no_engine_opens_the_page_says_what_to_do() -> None:
    async def go(bench: Bench) -> None:
        bench.missing = {"webgpu"}
        await bench.answering.start()
        assert bench.answering.has_no_engine
        assert bench.error.endswith("try a current Chrome, Edge, Firefox or Safari.")

    on_bench(go)


def test_an_engine_named_in_the_address_is_not_replaced() -> None:
    async def go(bench: Bench) -> None:
        bench.missing = {"wasm"}
        await bench.answering.start()
        assert "without ?engine=wasm" in bench.error
        bench.missing = set()
        await bench.answering.start()
        bench.answering.on_fault(EngineError("The shaders do not build."))
        await bench.settle()
        assert bench.opened == ["wasm"]
        assert bench.error.startswith("The shaders do not build. Your drawing is kept")

    on_bench(go, forced="wasm")


def test_another_model_answers_where_the_picked_one_cannot() -> None:
    async def go(bench: Bench) -> None:
        bench.registry.broken = {("webgpu", "mlp")}
        await bench.answering.start()
        assert (bench.model, bench.registry.picked) == ("cnn", "cnn")
        assert bench.error == "MLP cannot be used: mlp is broken. CNN answers instead."

    on_bench(go)


def test_another_engine_answers_where_no_model_works_on_the_first() -> None:
    async def go(bench: Bench) -> None:
        bench.registry.broken = {("webgpu", "mlp"), ("webgpu", "cnn")}
        await bench.answering.start()
        assert (bench.model, bench.opened) == ("mlp", ["webgpu", "wasm"])
        assert bench.error.endswith("MLP on WebAssembly answers instead.")
        assert bench.reasons[-1] == "WebGPU failed here"

    on_bench(go)


def test_a_model_that_cannot_be_used_leaves_the_one_before() -> None:
    async def go(bench: Bench) -> None:
        await bench.answering.start()
        bench.registry.broken = {("webgpu", "cnn")}
        assert not await bench.answering.pick("cnn")
        assert (bench.model, bench.registry.picked) == ("mlp", "mlp")
        assert bench.error == "CNN cannot be used: cnn is broken. MLP still works."

    on_bench(go)


def test_a_lost_device_is_opened_again_a_few_times_then_another_engine_takes_over() -> None:
    async def go(bench: Bench) -> None:
        await bench.answering.start()
        await bench.answering.pick("cnn")
        for _ in range(MAX_REOPENED):
            bench.answering.on_fault(DeviceLostError("The graphics device was lost (reset)."))
            await bench.settle()
            assert bench.model == "cnn"
        bench.answering.on_fault(DeviceLostError("The graphics device was lost (reset)."))
        await bench.settle()
        assert bench.opened == ["webgpu"] * (1 + MAX_REOPENED) + ["wasm"]
        assert (bench.model, bench.answering.device and bench.answering.device.name) == ("cnn", "wasm")

    on_bench(go)


@pytest.mark.parametrize("forced", ["", "webgpu"])
def test_a_device_lost_while_a_model_loads_is_opened_again_and_that_model_answers(forced: str) -> None:
    async def go(bench: Bench) -> None:
        await bench.answering.start()
        first = bench.device
        bench.registry.killing = {"cnn": 1}
        assert await bench.answering.pick("cnn")
        assert (bench.model, bench.registry.picked, bench.opened) == ("cnn", "cnn", ["webgpu"] * 2)
        assert first.lost
        assert bench.predictor.used[-1] is bench.answering.model
        assert bench.lines[-1] == "CNN is ready."

    on_bench(go, forced=forced)


def test_a_device_lost_at_the_very_first_model_is_opened_again() -> None:
    async def go(bench: Bench) -> None:
        bench.registry.killing = {"mlp": 1}
        await bench.answering.start()
        assert (bench.model, bench.opened) == ("mlp", ["webgpu"] * 2)
        assert bench.registry.can_choose

    on_bench(go)


@pytest.mark.parametrize("forced", ["", "webgpu"])
def test_a_model_that_takes_the_device_with_it_each_time_gives_way(forced: str) -> None:
    async def go(bench: Bench) -> None:
        await bench.answering.start()
        bench.registry.killing = {"cnn": 99}
        assert not await bench.answering.pick("cnn")
        assert (bench.model, bench.registry.picked) == ("mlp", "mlp")
        assert bench.error == "CNN cannot be used: the engine failed each time. MLP answers instead."
        assert bench.opened == ["webgpu"] * 3

    on_bench(go, forced=forced)


def test_a_drawing_that_finds_the_device_gone_while_a_model_loads_waits_for_what_is_picked() -> None:
    """The prediction and the model under way fail at the same time, and one recovery serves both."""

    async def go(bench: Bench) -> None:
        await bench.answering.start()
        bench.registry.killing = {"cnn": 1}
        picking = asyncio.ensure_future(bench.answering.pick("cnn"))
        await asyncio.sleep(0)
        bench.answering.on_fault(DeviceLostError(LOST))
        assert await picking
        await bench.settle()
        assert (bench.model, bench.registry.picked, bench.opened) == ("cnn", "cnn", ["webgpu"] * 2)

    on_bench(go)


def test_another_model_picked_while_the_engine_is_opened_again_answers() -> None:
    async def go(bench: Bench) -> None:
        await bench.answering.start()
        for steps in range(8):
            await bench.answering.pick("mlp")
            bench.answering._reopened = 0
            bench.device.lost = True
            bench.answering.on_fault(DeviceLostError(LOST))
            for _ in range(steps):
                await asyncio.sleep(0)
            await bench.answering.pick("cnn")
            await bench.settle()
            assert (bench.model, bench.registry.picked) == ("cnn", "cnn"), steps
            assert bench.predictor.used[-1] is bench.answering.model

    on_bench(go)


def test_an_engine_that_never_answers_is_left_at_once() -> None:
    async def go(bench: Bench) -> None:
        await bench.answering.start()
        silent = bench.device
        bench.registry.silent = {"webgpu"}
        bench.answering.on_fault(NoAnswerError("The graphics device has not answered for 20 s."))
        await bench.settle()
        assert bench.opened == ["webgpu", "wasm"]
        assert silent.lost
        assert bench.error.endswith("has not answered for 20 s. MLP on WebAssembly answers instead.")

    on_bench(go)


def test_an_engine_that_never_answers_is_left_while_a_model_loads() -> None:
    async def go(bench: Bench) -> None:
        await bench.answering.start()
        bench.registry.silent = {"webgpu"}
        assert await bench.answering.pick("cnn")
        assert (bench.model, bench.opened) == ("cnn", ["webgpu", "wasm"])

    on_bench(go)


def test_an_engine_asked_for_that_never_answers_says_so() -> None:
    async def go(bench: Bench) -> None:
        await bench.answering.start()
        bench.answering.on_fault(NoAnswerError("The graphics device has not answered for 20 s."))
        await bench.settle()
        assert (bench.model, bench.opened) == ("mlp", ["webgpu"])
        assert bench.error.endswith("for 20 s. Your drawing is kept; reload the page to try again.")

    on_bench(go, forced="webgpu")


def test_the_last_engine_that_fails_says_that_the_drawing_is_kept() -> None:
    async def go(bench: Bench) -> None:
        await bench.answering.start()
        for _ in range(2):
            bench.answering.on_fault(EngineError("It failed."))
            await bench.settle()
        assert bench.opened == ["webgpu", "wasm"]
        assert bench.error == "It failed. Your drawing is kept; reload the page to try again."

    on_bench(go)


def test_a_model_made_here_is_offered_renamed_and_withdrawn() -> None:
    async def go(bench: Bench) -> None:
        async def make(device: Any) -> Model:
            return Model("training", {"title": "Mine"}, device)

        await bench.answering.start()
        bench.registry.rename("training", "too early")
        bench.registry.offer("training", "In training", make)
        assert await bench.answering.pick("training")
        bench.registry.rename("training", "Just trained")
        assert (bench.model, bench.registry.titles["training"]) == ("training", "Just trained")
        await bench.answering.withdraw("training")
        assert (bench.model, list(bench.registry.titles)) == ("mlp", ["mlp", "cnn"])

    on_bench(go)


def test_new_weights_are_counted_and_answered_with() -> None:
    async def go(bench: Bench) -> None:
        await bench.answering.start()
        before = bench.changes
        bench.answering.weights_changed()
        assert (bench.answering.weights_version, bench.predictor.refreshed) == (1, 1)
        assert bench.changes == before + 1

    on_bench(go)


def test_an_answer_that_is_no_number_asks_for_another_network_and_not_for_a_reload() -> None:
    async def go(bench: Bench) -> None:
        await bench.answering.start()
        bench.answering.on_fault(WeightsError("Imported gives answers that are not numbers: choose another network."))
        assert "choose another network. Your drawing is kept." in bench.error
        assert "reload" not in bench.error

    on_bench(go)
