"""The shipped models, ready to answer: fetches card, weights and program, and puts them on the engine.

A model that cannot be used raises one sentence and leaves the others alone. Knows no network and no engine by name.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tabgrad.backends.base import Device, Executable
from tabgrad.network import load_safetensors
from tabgrad.program import Program, ProgramError, Target, loads

Fetch = Callable[[str], Awaitable[bytes]]
Card = Mapping[str, Any]


@dataclass(slots=True, eq=False)
class Model:
    """A network on the engine. `card` is its models/<name>/card.json."""

    name: str
    card: Card
    executable: Executable

    @property
    def title(self) -> str:
        """What people call it."""
        return str(self.card.get("title", self.name.upper()))

    @property
    def record(self) -> str:
        """What its card says of it, as the end of a sentence; empty for a network made on this page."""
        accuracy = self.card.get("test_accuracy")
        if not isinstance(accuracy, float):
            return ""
        return f": right on {accuracy * 100:.2f} % of MNIST's test digits"

    @property
    def temperature(self) -> float:
        """Calibrates the confidences; 1 leaves them as they are."""
        return float(self.card.get("temperature", 1.0))

    @property
    def not_sure_below(self) -> float:
        """A confidence under which the page admits that the network does not know."""
        return float(self.card.get("not_sure_below", 0.5))

    async def logits(self, image: NDArray[np.float32]) -> NDArray[np.float32]:
        """Logits (10,) for an image (28, 28) of values in 0..1."""
        shape = self.executable.program.buffer("x").shape
        outputs = await self.executable.run({"x": image.reshape(shape)}, ["logits"])
        logits: NDArray[np.float32] = outputs["logits"].reshape(-1)
        return logits


#: Puts a network that was made on this page on a device. Raises ProgramError or EngineError.
MakeModel = Callable[[Device], Awaitable[Model]]


class ShippedPrograms:
    """The programs of the site's models, each fetched and checked once. `urls` is the manifest's "models"."""

    def __init__(self, urls: Mapping[str, Any], fetch: Fetch) -> None:
        self._urls, self._fetch = urls, fetch
        self._known: dict[str, Program] = {}

    async def get(self, model: str, name: str, target: Target, variant: str) -> Program | None:
        """A program of a model in one variant; None where the site has none. Raises OSError or ProgramError."""
        url = self._urls.get(model, {}).get("programs", {}).get(f"{name}.{target}.{variant}")
        if url is None:
            return None
        if url not in self._known:
            self._known[url] = loads(await self._fetch(url))
        return self._known[url]

    async def best(self, model: str, name: str, device: Device) -> Program:
        """A program in the best variant for `device` that the site has."""
        for variant in device.variants:
            if program := await self.get(model, name, device.target, variant):
                return program
        raise ProgramError(f"This site has no program {name!r} of {model!r} for {device.description}.")


class ShippedModels:
    """All models of the site on one device, each loaded when it is first asked for. `urls` as for `ShippedPrograms`.

    `made` has the networks that were made on this page; how they change is their maker's affair.
    """

    def __init__(
        self,
        urls: Mapping[str, Any],
        programs: ShippedPrograms,
        device: Device,
        fetch: Fetch,
        made: Mapping[str, MakeModel],
    ) -> None:
        self._urls, self._programs, self._device, self._fetch = urls, programs, device, fetch
        self._made = made
        self._ready: dict[str, Model] = {}

    async def get(self, name: str) -> Model:
        """The model called `name`. Raises OSError, ProgramError or EngineError with one sentence."""
        if name in self._made:
            return await self._made[name](self._device)
        if name not in self._ready:
            self._ready[name] = await self._load(name)
        return self._ready[name]

    async def load_program(self, name: str, program: str, share: Executable | None = None) -> Executable:
        """Put another of a model's programs ("activations", "saliency") on the device, for a panel.

        Weights are those of `share` where it has them.
        """
        return await self._device.load(await self._programs.best(name, program, self._device), share)

    async def _load(self, name: str) -> Model:
        if name not in self._urls:
            raise ProgramError(f"This site was built without the model {name!r}.")
        card, weights, program = await asyncio.gather(
            self._fetch(self._urls[name]["card"]),
            self._fetch(self._urls[name]["weights"]),
            self._programs.best(name, "infer", self._device),
        )
        executable = await self._device.load(program)
        try:
            write_weights(executable, load_safetensors(weights)[0])
            return Model(name, parse_card(card), executable)
        except Exception:
            executable.destroy()
            raise


def parse_card(data: bytes) -> Card:
    """A model's card. Raises ProgramError."""
    try:
        card = json.loads(data)
    except ValueError as error:
        raise ProgramError("The model's card is damaged: it is not valid JSON.") from error
    if not isinstance(card, dict):
        raise ProgramError("The model's card is damaged: it is not an object.")
    return card


def write_weights(executable: Executable, tensors: Mapping[str, NDArray[Any]]) -> None:
    """Fill all weight buffers of a program; ProgramError if the file does not have exactly what it needs."""
    program: Program = executable.program
    for buffer in program.by_role("weight"):
        tensor = tensors.get(buffer.name)
        if tensor is None or tensor.size != np.prod(buffer.shape, dtype=int) or tensor.dtype.name != buffer.dtype:
            raise ProgramError(f"The weights file does not fit its program: {buffer.name!r} is missing or different.")
        executable.write(buffer.name, tensor.reshape(buffer.shape))
