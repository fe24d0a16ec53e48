"""Looks into one network: its weights, activations and gradients. Owns its programs; never the one that answers.

A shipped network has compiled programs for this, which share its weights on the engine. Each is fetched when a panel
first needs it. For a network that the visitor wrote the worker makes them. Others made on this page have none: NumPy
then computes the same.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tabgrad.backends import Device, EngineError, Executable
from tabgrad.network import Stage, is_written, shapes_of, spec_of, stages
from tabgrad.program import Program, ProgramError

from ..compiler import Describer
from ..models import Model
from ..models.shipped import ShippedModels
from .pacing import waiting

if TYPE_CHECKING:
    from tabgrad.backends.oracle import OracleNetwork

Array = NDArray[np.float32]
NOBODY_TELLS = "The tab Train is not on this page, and only it can tell what is inside a network that was written."
OTHER_LAYERS = "The program that looks inside has other layers than the network. Compile it again in the tab Code."


class Probe:
    """Looks into `model`. Call `load` first: it fills `weights` (by state-dict name).

    `describe` fills `structure`. `version` counts how often the weights were read. `describer` tells of networks that
    were written. Call `destroy` when done.
    """

    def __init__(self, models: ShippedModels, device: Device, model: Model, describer: Describer | None = None) -> None:
        self._models, self._device, self.model, self._describer = models, device, model, describer
        self._source = str(spec.get("source", "")) if is_written(spec := model.card.get("spec") or {}) else None
        self._classes = model.executable.program.buffer("logits").shape[-1]
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
        self.version += 1
        if self.is_written:
            return
        spec = spec_of(self.model.card, shapes_of(self.weights))
        self.structure = stages(spec)
        if self._oracle is not None or not await self._find_programs():
            from tabgrad.backends.oracle import OracleNetwork

            self._oracle = OracleNetwork(spec, self.weights, np.float32)

    @property
    def is_written(self) -> bool:
        """Whether the visitor wrote the network, or somebody else did."""
        return self._source is not None

    async def describe(self) -> None:
        """Fill `structure`. For a written network that may take as long as compiling it. Raises ProgramError."""
        if self._source is None or self.structure:
            return
        from tabgrad.explain.written import written_stages

        description = await waiting(self._teller.describe(self._source, self._classes))
        self.structure = written_stages(description, shapes_of(self.weights), self._classes)

    @property
    def _teller(self) -> Describer:
        if self._describer is None:
            raise ProgramError(NOBODY_TELLS)
        return self._describer

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

    def is_ready(self, name: str) -> bool:
        """Whether a program is there already, so that nobody waits for it."""
        found = self._programs.get(name)
        return found is not None and found.done() and found.exception() is None

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
        elif self._source is not None:
            program = await self._teller.program(self._source, self._classes, name)
            self._check(program)
            loaded = await self._device.load(program, answering)
        else:
            owner = str(self.model.card.get("programs_of", self.model.name))
            loaded = await self._models.load_program(owner, name, answering)
        if self._destroyed:
            loaded.destroy()
            raise EngineError("Another network answers now.")
        return loaded

    def _check(self, program: Program) -> None:
        """Raises ProgramError if a program that looks inside does not go with the structure."""
        if program.name == "activations":
            sizes = {buffer.name: math.prod(buffer.shape) for buffer in program.by_role("output")}
            if any(sizes.get(stage.tap) != math.prod(stage.shape) for stage in self.structure if stage.tap):
                raise ProgramError(OTHER_LAYERS)

    async def activations(self, image: Array) -> dict[str, Array]:
        """`logits` (classes,), and each stage's activations by its tap, in the stage's shape, for an image (28, 28).

        What is not a finite number, as in the mask of an attention, is 0. Raises EngineError or ProgramError.
        """
        await self.describe()
        shapes = {s.tap: s.shape for s in self.structure if s.tap}
        if self._oracle is not None:
            taps: list[NDArray[Any]] = []
            logits = self._oracle.forward(image.reshape(1, 784), taps=taps)
            shaped = {tap: v.reshape(shape) for v, (tap, shape) in zip(taps, shapes.items(), strict=True)}
            return {**shaped, "logits": logits[0]}
        program = await self.program("activations")
        async with self._lock:
            found = await program.run(_input(program, image), ["logits", *shapes])
            shaped = {tap: _finite(found[tap]).reshape(shape) for tap, shape in shapes.items()}
            return {**shaped, "logits": found["logits"].reshape(-1).copy()}

    async def saliency(self, image: Array, seed: Array) -> tuple[Array, Array]:
        """Logits (classes,) for an image (28, 28), and the gradient (28, 28) of their sum times `seed` (1, classes)."""
        if self._oracle is not None:
            logits = self._oracle.forward(image.reshape(1, 784))
            return np.asarray(logits[0]), np.asarray(self._oracle.backward(seed).reshape(28, 28))
        program = await self.program("saliency")
        async with self._lock:
            found = await program.run({**_input(program, image), "seed": seed}, ["logits", "saliency"])
            return found["logits"].reshape(-1).copy(), found["saliency"].reshape(28, 28).copy()

    async def logits(self, images: Array) -> Array:
        """Logits (n, classes) for images (n, 28, 28), in one submission. Leaves the program that answers free."""
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
    """Logits (n, classes) of an inference program for images (n, 28, 28), in one submission. Raises EngineError."""
    count = len(images)
    shape = (count, *program.program.buffer("x").shape)
    streams = {"x": np.ascontiguousarray(images.reshape(shape), np.float32)}
    return np.asarray((await program.run_steps(count, streams, ["logits"]))["logits"].reshape(count, -1))


def as_input(images: NDArray[np.uint8]) -> Array:
    """Pixels, uint8 of any shape, as the network reads them: float32 in 0..1."""
    return np.divide(images, 255, dtype=np.float32)


def _finite(values: NDArray[Any]) -> Array:
    """A copy as float32, which may come as any format, with 0 in the place of what is not finite."""
    return np.nan_to_num(values.astype(np.float32), nan=0, posinf=0, neginf=0, copy=False)


def _input(program: Executable, image: Array) -> Mapping[str, Array]:
    return {"x": np.ascontiguousarray(image.reshape(program.program.buffer("x").shape), np.float32)}
