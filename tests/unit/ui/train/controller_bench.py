"""A run controller with a worker, a page and a storage that are made for tests."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import numpy as np

from tabgrad import protocol
from tabgrad.artifacts import load_weights, save_weights
from tabgrad.backends.wasm import open_device
from tabgrad.network import draw_weights
from tabgrad.settings import RunSettings
from tabgrad.ui.models import MakeModel, Model
from tabgrad.ui.train.controller import RunController
from tabgrad.ui.train.store import TrainStore
from tabgrad.ui.train.trained_models import TrainedModels
from tests.unit.ui.train.train_stores import FakeStorage, stores

NBSP = "\N{NO-BREAK SPACE}"
PROGRAM = (Path(__file__).parents[4] / "models" / "mlp" / "programs" / "infer.wasm.simd.json").read_bytes()
SETTINGS = RunSettings(hidden=(128, 64), lr=0.05)
SHAPES: dict[str, tuple[int, ...]] = {
    "layers.0.weight": (784, 128),
    "layers.0.bias": (128,),
    "layers.1.weight": (128, 64),
    "layers.1.bias": (64,),
    "layers.2.weight": (64, 10),
    "layers.2.bias": (10,),
}
READY = protocol.Ready(engine="wasm", description="SIMD", reason="the only one", data="MNIST")
PROGRESS = protocol.Progress(
    state="training", step=10, steps=100, epoch=0.3, epochs=3, samples_per_s=9.0, eta_s=1, elapsed_s=2, lr=0.1
)
INFER = protocol.Compiled(name="infer", source="", seconds=0.0, kernels=3, program=PROGRAM)
FINISHED = protocol.Finished(
    reason="completed",
    step=100,
    epoch=3.0,
    validation_accuracy=0.97,
    test_accuracy=0.98,
    interval=[0.977, 0.983],
    tested=10_000,
    seconds=1.5,
    settings=SETTINGS.to_json(),
)


def weights(seed: int, step: int = 1) -> bytes:
    return save_weights(draw_weights(SHAPES, seed), SETTINGS, step)


def epoch(step: int) -> protocol.Checkpoint:
    """The checkpoint at the end of an epoch, with weights of its own."""
    return protocol.Checkpoint(
        step=step,
        epoch=step / 10,
        end_of_epoch=True,
        validation_accuracy=0.9,
        checkpoint=b"checkpoint %d" % step,
        weights=weights(step, step),
        confusion=np.eye(10, dtype=int).tolist(),
    )


class FakeClient:
    """A worker that answers each command by its type; `commands` is what it was told."""

    def __init__(self) -> None:
        self.commands: list[protocol.Command] = []
        self.answers: dict[type[Any], protocol.AnyEvent] = {protocol.Start: READY, protocol.Prepare: READY}
        self.started = self.running = False
        self.broken = ""

    async def ensure(self) -> None:
        if self.broken:
            raise RuntimeError(self.broken)
        self.started = True

    async def ask(self, command: protocol.Command) -> protocol.AnyEvent:
        self.commands.append(command)
        answer = self.answers.get(type(command), protocol.Accepted())
        if isinstance(command, protocol.Start):
            self.running = isinstance(answer, protocol.Ready)
        return answer

    def told(self, kind: type[Any]) -> list[Any]:
        return [command for command in self.commands if isinstance(command, kind)]


class FakeAnswering:
    """What answers on the page, with its own list of models; `said` is the status line."""

    def __init__(self) -> None:
        self.registry = self
        self.device: Any = None
        self.model: Model | None = None
        self.made: dict[str, MakeModel] = {}
        self.titles: dict[str, str] = {}
        self.said: list[str] = []
        self.updates = 0

    def offer(self, name: str, title: str, make: MakeModel) -> None:
        self.made[name], self.titles[name] = make, title

    def rename(self, name: str, title: str) -> None:
        if name in self.titles:
            self.titles[name] = title

    async def withdraw(self, name: str) -> None:
        self.titles.pop(name, None)

    async def pick(self, name: str, *, quietly: bool = False) -> bool:
        self.model = await self.made[name](self.device)
        return True

    def weights_changed(self) -> None:
        self.updates += 1

    def say(self, sentence: str) -> None:
        self.said.append(sentence)


class FakeLock:
    """The run lock; `free` says whether this tab gets it."""

    def __init__(self) -> None:
        self.free, self.held = True, False

    async def take(self) -> bool:
        self.held = self.free
        return self.free

    def give_back(self) -> None:
        self.held = False


class Bench:
    """A controller with all that it needs; `rendered` collects the parts of the state that views had to show."""

    controller: Any = None

    def __init__(self, store: TrainStore, storage: FakeStorage) -> None:
        self.client: Any = FakeClient()
        self.page: Any = FakeAnswering()
        self.lock = FakeLock()
        self.store, self.storage = store, storage
        self.rendered: list[str] = []
        self.announced: list[str] = []  # to screen readers
        self.asked_to_persist = 0
        self.models = TrainedModels(self.page, self.client, store.weights)
        self.controller = RunController(
            self.client,
            store,
            self.models,
            self.lock,
            render=self._render,
            persist=self._persist,
        )

    def _render(self, parts: frozenset[str]) -> None:
        self.rendered.extend(sorted(parts))
        if "announcement" in parts:
            self.announced.append(self.state.announcement)

    async def _persist(self) -> None:
        self.asked_to_persist += 1

    @property
    def state(self) -> Any:
        return self.controller.state

    async def begin(self, settings: RunSettings = SETTINGS, **options: Any) -> None:
        """Start a run and let it make its first progress."""
        await self.controller.start(settings, **options)
        self.receive(READY, INFER, PROGRESS, protocol.Weights(step=1, weights=weights(1)))
        await self.settle()

    def receive(self, *events: protocol.AnyEvent) -> None:
        for event in events:
            self.controller.receive(event)

    async def settle(self) -> None:
        for _ in range(40):
            await asyncio.sleep(0)

    async def answering(self) -> list[float]:
        assert self.page.model is not None
        return np.asarray((await self.page.model.weights())["layers.0.weight"]).ravel()[:3].tolist()


def expected(data: bytes) -> list[float]:
    return load_weights(data).tensors["layers.0.weight"].ravel()[:3].tolist()


def on_bench(test: Callable[[Bench], Awaitable[None]]) -> None:
    async def go() -> None:
        store, storage, _ = stores()
        bench = Bench(store, storage)
        bench.page.device = await open_device()
        await test(bench)

    asyncio.run(go())


async def timeline_of(bench: Bench, *steps: int) -> list[Any]:
    other = Bench(bench.store, bench.storage)
    for step in steps:
        other.state.take(epoch(step))
    return list(other.state.timeline.entries)
