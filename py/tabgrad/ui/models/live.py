"""Networks made on this page as models that answer drawings: the one in training, saved runs, imported weights.

Owns their weights on the page's engine. How they came to be is the panel's affair.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from numpy.typing import NDArray

from tabgrad.backends.base import Device, Executable
from tabgrad.network import fold_mean, load_safetensors, save_safetensors
from tabgrad.program import Program, ProgramError, loads
from tabgrad.settings import RunSettings

from .shipped import Model, write_weights

#: A fresh network is far from calibrated; below this the page says that it is not sure.
NOT_SURE_BELOW = 0.5


class LiveModel:
    """One network made on this page: its program and its latest weights. `changed` is called when it can answer
    anew, with True if it has become another network.
    """

    def __init__(self, name: str, title: str, changed: Callable[[LiveModel, bool], None]) -> None:
        self.name, self.title = name, title
        self._changed = changed
        self._program = self._weights = b""
        self._spec: dict[str, Any] = {}
        self._data = ""
        self._model: Model | None = None
        self._stale: list[Executable] = []

    def describe(self, title: str, data: str = "") -> None:
        """Call it `title` from now on; `data` is what it learns from, if that is another set than before."""
        self.title, self._data = title, data or self._data
        if self._model is not None:
            self._model.card = {**self._model.card, "title": title, "learned_from": self._data}

    def set_program(self, program: bytes) -> None:
        """The network's inference program, as JSON. Weights of another network are forgotten."""
        if program != self._program:
            self._program, self._weights, self._model, self._spec = program, b"", None, {}

    def set_weights(self, weights: bytes) -> None:
        """Newer weights, as a safetensors file. Raises ProgramError if they do not fit."""
        if not self._program:
            return
        another = not self._weights
        self._weights = weights
        self._changed(self, another)

    def is_model(self, model: Model | None) -> bool:
        """Whether `model` is this network on an engine."""
        return model is not None and model is self._model

    def answers_as(self, model: Model | None) -> bool:
        """Whether `model` is this network on an engine; if so it has the newest weights now. Raises ProgramError."""
        if model is None or not self.is_model(model):
            return False
        write_weights(model.executable, load_safetensors(self._weights)[0])
        return True

    async def make(self, device: Device) -> Model:
        """Put it on the page's engine. Raises ProgramError or EngineError."""
        if not self._weights:
            raise ProgramError("No network has been trained yet: press Train.")
        program: Program = loads(self._program)
        executable = await device.load(program)
        try:
            tensors, metadata = load_safetensors(self._weights)
            write_weights(executable, tensors)
        except ProgramError:
            executable.destroy()
            raise
        # The one before may still be answering; the one before that cannot be.
        while len(self._stale) > 1:
            self._stale.pop(0).destroy()
        self._stale.append(executable)
        if "spec" in metadata:  # weights of a checkpoint under the slider are those of the same network, and have none
            self._spec = json.loads(metadata["spec"])
        card: dict[str, Any] = {
            "title": self.title,
            "not_sure_below": NOT_SURE_BELOW,
            "learned_from": self._data,
        }
        if self._spec:  # a file of another program has none: its tensors tell what it is
            card["spec"] = self._spec
        self._model = Model(self.name, card, executable)
        return self._model


def plain_weights(checkpoint: bytes) -> tuple[bytes, RunSettings]:
    """The weights in a checkpoint as a plain network's safetensors file, and its settings. Raises ProgramError."""
    tensors, metadata = load_safetensors(checkpoint)
    settings = RunSettings.make(_record(metadata)["settings"])
    weights = {name: t for name, t in tensors.items() if not name.startswith(("opt.", "rng.", "best."))}
    return save_safetensors(fold_mean(weights)), settings


def record_in(checkpoint: bytes) -> dict[str, Any]:
    """What a checkpoint says of its run, `settings` and `step` at least. Raises ProgramError."""
    return _record(load_safetensors(checkpoint)[1])


def _record(metadata: Mapping[str, str]) -> dict[str, Any]:
    try:
        record: dict[str, Any] = json.loads(metadata["record"])
        RunSettings.make(record["settings"])
        record["step"] = int(record["step"])
    except (KeyError, TypeError, ValueError) as error:
        raise ProgramError("The file is not a checkpoint of this page.") from error
    return record


def settings_of(tensors: Mapping[str, NDArray[Any]], metadata: Mapping[str, str]) -> RunSettings:
    """The settings of the network that a weights file belongs to: from its metadata, or from an MLP's shapes.

    Raises ProgramError if it is no network of this page.
    """
    if "settings" in metadata:
        try:
            return RunSettings.make(json.loads(metadata["settings"]))
        except (TypeError, ValueError) as error:
            raise ProgramError("The weights file's settings are damaged.") from error
    sizes = [784]
    while (weight := tensors.get(f"layers.{len(sizes) - 1}.weight")) is not None and weight.ndim == 2:
        if weight.shape[0] != sizes[-1]:
            break
        sizes.append(int(weight.shape[1]))
    if len(tensors) != 2 * (len(sizes) - 1) or sizes[-1] != 10 or len(sizes) < 2:
        raise ProgramError("The weights file belongs to no network that this page can build.")
    return RunSettings.make({"hidden": sizes[1:-1], "center": "plain"})
