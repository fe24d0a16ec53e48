"""A network that was made on this page, as a model: in training, saved with a run, or imported.

Owns its program and its newest weights, and puts them on the page's engine.
"""

from __future__ import annotations

from typing import Any

from tabgrad.alphabet import DIGITS, Labels
from tabgrad.artifacts import WeightsFile
from tabgrad.backends import Device
from tabgrad.network import WeightsError
from tabgrad.program import Program, loads

from .model import Model, load_model, write_weights

#: A network in training is not calibrated; below this the page says that it is not sure.
NOT_SURE_BELOW = 0.5


class LiveModel:
    """`data` names the set that it learns from, or has learned from; empty if that is not known. `program` answers.

    `labels` are those of the classes that it tells apart: what its weights say of them counts more.
    """

    def __init__(self, name: str, title: str, data: str = "", labels: Labels = DIGITS) -> None:
        self.name, self.title, self._data, self.labels = name, title, data, labels
        self._source = b""
        self.program: Program | None = None
        self._weights: WeightsFile | None = None
        self._spec: dict[str, Any] = {}
        self._model: Model | None = None
        self._previous: list[Model] = []

    def describe(self, title: str, data: str = "") -> None:
        """Call it `title` from now on; `data` is empty if it learns from the same set as before."""
        self.title, self._data = title, data or self._data
        if self._model is not None:
            self._model.card = {**self._model.card, "title": title, "learned_from": self._data}

    def set_program(self, program: bytes) -> None:
        """The network's inference program, as JSON. Forgets the weights of another network. Raises ProgramError."""
        if program != self._source:
            self.program, self._source = loads(program), program
            self._weights, self._model, self._spec = None, None, {}

    def set_weights(self, weights: WeightsFile) -> bool:
        """Newer weights; returns whether they are the network's first. Does nothing before there is a program."""
        if self.program is None:
            return False
        labels = weights.given.alphabet if weights.given else self.labels
        is_first = self._weights is None or labels != self.labels  # the same program can tell other classes apart
        self._weights, self.labels = weights, labels
        if is_first:
            self._model = None
        self._spec = weights.spec or self._spec  # timelines of version 0.1 hold weights without a spec
        return is_first

    @property
    def can_answer(self) -> bool:
        """Whether there are a program and weights."""
        return self.program is not None and self._weights is not None

    def is_active(self, model: Model | None) -> bool:
        """Whether `model` is this network on an engine."""
        return model is not None and model is self._model

    def update_if_active(self, model: Model | None) -> bool:
        """Give `model` the newest weights if it is this network; returns whether it is. Raises WeightsError."""
        if model is None or self._weights is None or not self.is_active(model):
            return False
        write_weights(model.executable, self._weights.tensors)
        return True

    async def make(self, device: Device) -> Model:
        """Put it on the page's engine. Raises ProgramError, WeightsError or EngineError."""
        if self.program is None or self._weights is None:
            raise WeightsError("No network has been trained yet: press Train.")
        card: dict[str, Any] = {"title": self.title, "not_sure_below": NOT_SURE_BELOW, "learned_from": self._data}
        if self._spec:  # a file from elsewhere has none: its tensors say what it is
            card["spec"] = self._spec
        if self.labels != DIGITS:
            card["labels"] = list(self.labels)
        program, weights = self.program, self._weights
        model = await load_model(device, self.name, card, program, weights.tensors)
        if self.program is program and self._weights is not weights:  # newer ones have come meanwhile
            write_weights(model.executable, self._weights.tensors)
        # The model before this one may still be answering; the one before that cannot be.
        while len(self._previous) > 1:
            self._previous.pop(0).executable.destroy()
        self._previous.append(model)
        self._model = model
        return model
