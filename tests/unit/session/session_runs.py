"""What the session's tests share: an engine, digits made up from a seed, and a run from settings to its end."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from typing import Any, TypeVar

import numpy as np

from tabgrad.artifacts import Record, unpack
from tabgrad.backends import Device
from tabgrad.backends.wasm import open_device
from tabgrad.data import Samples
from tabgrad.program import Program, Target
from tabgrad.protocol import AnyEvent
from tabgrad.session import plan
from tabgrad.session.control import RunControl
from tabgrad.session.network import LoadedNetwork, load_network, mean_image
from tabgrad.session.trainer import Trainer
from tabgrad.settings import RunSettings, total_steps, training_spec

E = TypeVar("E")
#: A network and a data set so small that a test of a few epochs takes a fraction of a second.
SMALL = RunSettings(hidden=(16,), batch=32, epochs=2, lr=0.1)
TRAINING_IMAGES = 640


@cache
def digits(count: int, seed: int, classes: int = 10) -> Samples:
    """Fixed patterns, one for each class, with noise: easily learnt, as digits are, but not at once."""
    patterns = np.random.default_rng(0).uniform(0, 255, (classes, 28, 28))
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, classes, count).astype(np.uint8)
    noise = rng.normal(0, 90, (count, 28, 28))
    return Samples((patterns[labels] * 0.5 + noise + 60).clip(0, 255).astype(np.uint8), labels)


class Digits:
    """A `Source` over `digits`, shuffled by seed and epoch."""

    def __init__(self, seed: int, position: int = 0, classes: int = 10) -> None:
        self.position, self._seed = position, seed
        self._samples = digits(TRAINING_IMAGES, 1, classes)
        self._calls: list[tuple[int, Callable[[], None]]] = []

    def at(self, taken: int, call: Callable[[], None]) -> None:
        """Have `call` called once when at least `taken` batches of SMALL have been taken."""
        self._calls.append((taken * SMALL.batch, call))

    async def take(self, count: int) -> Samples:
        for entry in [entry for entry in self._calls if self.position >= entry[0]]:
            self._calls.remove(entry)
            entry[1]()
        at = np.arange(self.position, self.position + count)
        self.position += count
        order = {
            e: np.random.default_rng((self._seed, e)).permutation(TRAINING_IMAGES) for e in {*at // TRAINING_IMAGES}
        }
        rows = np.array([order[i // TRAINING_IMAGES][i % TRAINING_IMAGES] for i in at])
        return Samples(self._samples.images[rows], self._samples.labels[rows])


async def validation() -> Samples:
    return digits(400, 2)


@cache
def program(request_text: str, settings: RunSettings, target: Target, variant: str) -> Program:
    from tabgrad import model

    if request_text == "train":
        recipe: Any = model.Training(**plan.training_options(settings))
        return model.training(training_spec(settings), recipe, target, variant)
    request = plan.evaluation_request(settings, target, variant)
    return model.evaluation(request.spec, plan.EVALUATION_BATCH, target, variant)


def compiled(kind: str, settings: RunSettings, target: Target = "wasm", variant: str = "simd") -> Program:
    """The program for `settings`, captured once for all settings that need the same one."""
    fixed = RunSettings.make(
        {
            name: getattr(settings, name)
            for name in ("model", "hidden", "start_from", "activation", "center", "dropout", "batch")
        }
        | {"optimizer": plan.training_options(settings)["optimizer"], "label_smoothing": settings.label_smoothing}
        | {"clip": float(settings.clip > 0)}
    )
    return program(kind, fixed, target, variant)


@dataclass
class Run:
    """A trainer with all it needs; `events` collects what it reports."""

    trainer: Trainer
    network: LoadedNetwork
    source: Digits
    control: RunControl
    device: Device | None
    events: list[AnyEvent] = field(default_factory=list)

    def of(self, kind: type[E]) -> list[E]:
        """The events of one kind."""
        return [event for event in self.events if isinstance(event, kind)]

    def close(self) -> None:
        self.network.destroy()
        if self.device is not None:
            self.device.destroy()


async def prepare(
    settings: RunSettings, checkpoint: bytes = b"", paused: bool = False, network: LoadedNetwork | None = None
) -> Run:
    """A run from the start, or from a checkpoint; on `network`, or on one of its own on the native engine."""
    device = None
    if network is None:
        device = await open_device()
        network = await load_network(device, compiled("train", settings), compiled("evaluate", settings))
    source = Digits(settings.seed)
    events: list[AnyEvent] = []
    control = RunControl(paused)
    best: dict[str, Any] = {}
    if checkpoint:
        tensors, record, best = unpack(checkpoint)
        network.write(tensors)
        source.position = record.step * record.settings.batch
    else:
        record = Record(settings, total_steps(settings, TRAINING_IMAGES), TRAINING_IMAGES)
        await network.initialise(settings.seed, await mean_image(source))
    trainer = Trainer(network, source, record, validation=validation, emit=events.append, control=control)
    trainer.best = best
    return Run(trainer, network, source, control, device, events)


def train(settings: RunSettings, checkpoint: bytes = b"") -> tuple[str, Run]:
    """Run to the end: (reason, run)."""

    async def go() -> tuple[str, Run]:
        run = await prepare(settings, checkpoint)
        return await run.trainer.run(), run

    return asyncio.run(go())
