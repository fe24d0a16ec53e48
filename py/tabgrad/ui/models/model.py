"""A network on the page's engine that answers drawings."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tabgrad.alphabet import DIGITS, Labels
from tabgrad.backends import Device, Executable
from tabgrad.incoming import fits, read_json
from tabgrad.network import WeightsError, weights_for
from tabgrad.program import Program, ProgramError

from ..widgets.format import percent
from ..widgets.labels import known

Card = Mapping[str, Any]
#: What the parts of a card are that the page works with.
CARD = {"title": str, "spec": dict[str, Any], "temperature": float, "not_sure_below": float, "labels": list[str]}


@dataclass(slots=True, eq=False)
class Model:
    """`card` says what it is: models/<name>/card.json, or less for a network that was made on this page."""

    name: str
    card: Card
    executable: Executable

    @property
    def title(self) -> str:
        """What people call it."""
        return str(self.card.get("title", self.name.upper()))

    @property
    def alphabet(self) -> Labels:
        """The labels of the classes that it tells apart, in the order of its logits."""
        return tuple(self.card.get("labels", DIGITS))

    @property
    def accuracy_note(self) -> str:
        """Its test accuracy as the end of a sentence; empty for a network that was made on this page."""
        accuracy = self.card.get("test_accuracy")
        if not isinstance(accuracy, float) or self.alphabet != DIGITS:
            return ""
        return f": right on {percent(accuracy, 2)} of MNIST's test digits"

    @property
    def greeting(self) -> str:
        """What the status line says when it begins to answer."""
        if "learned_from" in self.card:  # made on this page
            knows = "" if self.alphabet == DIGITS else f" It knows {known(self.alphabet)}."
            return f"{self.title} answers now.{knows}"
        return f"{self.title} is ready{self.accuracy_note}."

    @property
    def temperature(self) -> float:
        """Calibrates the confidences; 1 leaves them as they are."""
        return float(self.card.get("temperature", 1.0))

    @property
    def not_sure_below(self) -> float:
        """Below this confidence the page says that the network is not sure."""
        return float(self.card.get("not_sure_below", 0.5))

    async def logits(self, image: NDArray[np.float32]) -> NDArray[np.float32]:
        """Logits (classes,) for an image (28, 28) of values in 0..1. Raises EngineError or WeightsError."""
        shape = self.executable.program.buffer("x").shape
        outputs = await self.executable.run({"x": image.reshape(shape)}, ["logits"])
        logits: NDArray[np.float32] = outputs["logits"].reshape(-1)
        if not np.isfinite(logits).all():
            raise WeightsError(f"{self.title} gives answers that are not numbers: choose another network.")
        return logits

    async def weights(self) -> dict[str, NDArray[Any]]:
        """Copy of its weights by name. Raises EngineError."""
        return await self.executable.read(*(b.name for b in self.executable.program.by_role("weight")))


#: Puts a network that was made on this page on a device. Raises ProgramError, WeightsError or EngineError.
MakeModel = Callable[[Device], Awaitable[Model]]


async def load_model(
    device: Device, name: str, card: Card, program: Program, tensors: Mapping[str, NDArray[Any]]
) -> Model:
    """Put a network on a device. Raises EngineError, ProgramError, or WeightsError if the weights do not fit."""
    executable = await device.load(program)
    try:
        write_weights(executable, tensors)
    except WeightsError:
        executable.destroy()
        raise
    return Model(name, card, executable)


def write_weights(executable: Executable, tensors: Mapping[str, NDArray[Any]]) -> None:
    """Fill all weight buffers of a program. WeightsError, before anything is changed, if the weights do not fit."""
    for name, value in weights_for(executable.program, tensors).items():
        executable.write(name, value)


def parse_card(data: bytes) -> Card:
    """A model's card. Raises ProgramError."""
    try:
        card = read_json(data)
    except ValueError as error:
        raise ProgramError("The model's card is damaged: it is not valid JSON.") from error
    if not isinstance(card, dict) or not all(fits(card[name], kind) for name, kind in CARD.items() if name in card):
        raise ProgramError("The model's card is damaged: it is not that of a network.")
    if not 0.01 <= card.get("temperature", 1) <= 100 or not 0 <= card.get("not_sure_below", 0.5) <= 1:
        raise ProgramError("The model's card is damaged: its temperature or its confidence is out of range.")
    return card
