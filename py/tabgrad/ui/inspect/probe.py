"""Looks into one network: its weights, activations and gradients. Owns its programs; never the one that answers.

A shipped network has compiled programs for this, which share its weights on the engine. Each is fetched when a panel
first needs it. A network made on this page has none: NumPy then computes the same.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tabgrad.backends import Device, EngineError, Executable
from tabgrad.network import Stage, shapes_of, spec_of, stages
from tabgrad.program import ProgramError

from ..models import Model
from ..models.shipped import ShippedModels
from .pacing import waiting

if TYPE_CHECKING:
    from tabgrad.backends.oracle import OracleNetwork

Array = NDArray[np.float32]


class Probe:
    """Looks into `model`. Call `load` first: it fills `weights` (by state-dict name) and `structure`.

    `version` counts how often the weights were read. Call `destroy` when done.
    """

    def __init__(self, models: ShippedModels, device: Device, model: Model) -> None:
        self._models, self._device, self.model = models, device, model
        self._programs: dict[str, asyncio.Future[Executable]] = {}
        self._oracle: OracleNetwork | None = None
        self._lock = asyncio.Lock()  # an executable must not run twice at a time
        self.weights: dict[str, NDArray[Any]] = {}
        self.structure: tuple[Stage, ...] = ()
        self.version = 0
        self._destroyed = False

    async def load(self) -> None:
        """Read the weights from the engine. Call it again when they have changed there. Raises EngineError."""
        self.weights = await self.model.weights()
        spec = spec_of(self.model.card, shapes_of(self.weights))
        self.structure = stages(spec)
        if self._oracle is not None or not await self._find_programs():
            from tabgrad.backends.oracle import OracleNetwork

            self._oracle = OracleNetwork(spec, self.weights, np.float32)
        self.version += 1

    @property
    def has_programs(self) -> bool:
        """Whether compiled programs look into this network; else NumPy does. Known after `load`."""
        return self._oracle is None

    async def _find_programs(self) -> bool:
        try:
            await self.program("activations")
        except ProgramError:
            return False
        return True

    async def program(self, name: str) -> Executable:
        """One of the model's programs on the engine: "infer", "activations" or "saliency". Raises ProgramError.

        Loaded once, even if several ask for it while it is on its way.
        """
        found = self._programs.get(name)
        if found is None or (found.done() and found.exception() is not None):
            if self._destroyed:
                raise EngineError("Another network answers now.")
            found = self._programs[name] = asyncio.ensure_future(self._load(name))
        return await waiting(found)

    async def _load(self, name: str) -> Executable:
        answering = self.model.executable
        if name == "infer":
            loaded = await self._device.load(answering.program, answering)
        else:
            owner = str(self.model.card.get("programs_of", self.model.name))
            loaded = await self._models.load_program(owner, name, answering)
        if self._destroyed:
            loaded.destroy()
            raise EngineError("Another network answers now.")
        return loaded

    async def activations(self, image: Array) -> dict[str, Array]:
        """`logits` (10,), and each stage's activations by its tap, in the stage's shape, for an image (28, 28)."""
        shapes = {s.tap: s.shape for s in self.structure if s.tap}
        if self._oracle is not None:
            taps: list[NDArray[Any]] = []
            logits = self._oracle.forward(image.reshape(1, 784), taps=taps)
            shaped = {tap: v.reshape(shape) for v, (tap, shape) in zip(taps, shapes.items(), strict=True)}
            return {**shaped, "logits": logits[0]}
        program = await self.program("activations")
        async with self._lock:
            found = await program.run(_input(program, image), ["logits", *shapes])
            shaped = {tap: found[tap].reshape(shape).copy() for tap, shape in shapes.items()}
            return {**shaped, "logits": found["logits"].reshape(-1).copy()}

    async def saliency(self, image: Array, seed: Array) -> tuple[Array, Array]:
        """Logits (10,) for an image (28, 28), and the gradient (28, 28) of the sum of logits times `seed` (1, 10)."""
        if self._oracle is not None:
            logits = self._oracle.forward(image.reshape(1, 784))
            return np.asarray(logits[0]), np.asarray(self._oracle.backward(seed).reshape(28, 28))
        program = await self.program("saliency")
        async with self._lock:
            found = await program.run({**_input(program, image), "seed": seed}, ["logits", "saliency"])
            return found["logits"].reshape(-1).copy(), found["saliency"].reshape(28, 28).copy()

    async def logits(self, images: Array) -> Array:
        """Logits (n, 10) for images (n, 28, 28), in one submission. Leaves the program that answers free."""
        program = await self.program("infer")
        async with self._lock:
            return await logits_of(program, images)

    def destroy(self) -> None:
        """Free the programs on the engine."""
        self._destroyed = True
        for loading in self._programs.values():
            if loading.done() and loading.exception() is None:
                loading.result().destroy()
        self._programs.clear()


async def logits_of(program: Executable, images: Array) -> Array:
    """Logits (n, 10) of an inference program for images (n, 28, 28), in one submission. Raises EngineError."""
    count = len(images)
    shape = (count, *program.program.buffer("x").shape)
    streams = {"x": np.ascontiguousarray(images.reshape(shape), np.float32)}
    return np.asarray((await program.run_steps(count, streams, ["logits"]))["logits"].reshape(count, 10))


def as_input(images: NDArray[np.uint8]) -> Array:
    """Pixels, uint8 of any shape, as the network reads them: float32 in 0..1."""
    return np.divide(images, 255, dtype=np.float32)


def _input(program: Executable, image: Array) -> Mapping[str, Array]:
    return {"x": np.ascontiguousarray(image.reshape(program.program.buffer("x").shape), np.float32)}
