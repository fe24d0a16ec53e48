"""A weights file: safetensors with a plain network's weights, and what made them as metadata.

Plain: the mean image of a centred network is folded into its first bias, and there is no training state. Files from
elsewhere have no metadata; an MLP's shapes tell what it is, and how many classes it tells apart, but not what they are
called: ten are the digits, others are numbered. Owns this format.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from numpy.typing import NDArray

from tabgrad.alphabet import DIGITS, AlphabetError, check_count, numbered
from tabgrad.incoming import quoted, read_json
from tabgrad.network import (
    ACTIVATIONS,
    CLASSES,
    MAX_SOURCE_BYTES,
    TRAINING_STATE,
    TRANSPOSED,
    Tensors,
    WeightsError,
    fold_mean,
    load_safetensors,
    parameter_count,
    save_safetensors,
    shapes_of,
)
from tabgrad.settings import RunSettings, SettingsError, answering_spec

from .checkpoint import BEST
from .checkpoint import FORMAT as CHECKPOINT

FORMAT = "tabgrad-weights"
#: Bytes of a specification or of settings: some hundreds, and a source, of which JSON makes up to six bytes for one.
MAX_DESCRIPTION_BYTES = 20_000 + 6 * MAX_SOURCE_BYTES
#: What a specification says of a network that answers.
DESCRIBED = {"kind", "hidden", "activation", "classes"}
Shapes = Mapping[str, tuple[int, ...]]


@dataclass(frozen=True, slots=True, eq=False)
class WeightsFile:
    """A weights file that has been read: its bytes, its tensors by name, and its metadata.

    `given` are the settings that it names, None if it names none.
    """

    data: bytes
    tensors: dict[str, NDArray[Any]]
    metadata: Mapping[str, str]
    given: RunSettings | None

    @property
    def settings(self) -> RunSettings:
        """The settings of its network: those that it names, or those of an MLP's shapes. WeightsError if none."""
        if self.given is not None:
            return self.given
        activation = self._described().get("activation")
        known = isinstance(activation, str) and activation in ACTIVATIONS
        return _settings_of_mlp(shapes_of(self.tensors), str(activation) if known else "relu")

    @property
    def spec(self) -> dict[str, Any]:
        """The network's specification; empty if the file says nothing of it. Raises WeightsError.

        It is made from the settings or the tensors: what the file says of its network only fills in what they leave
        open.
        """
        return answering_spec(self.settings) if self.given or "spec" in self.metadata else {}

    @property
    def remark(self) -> str:
        """A sentence if the file says of its network what is not true, or not what its classes are called; else empty.

        Raises WeightsError.
        """
        if not self._described().items() <= {"classes": CLASSES, **self.spec}.items():
            return "The file's description is that of another network, so its tensors decided what it is."
        sizes = _sizes(shapes_of(self.tensors)) if self.given is None else []
        if sizes and sizes[-1] != len(DIGITS):
            return f"The file does not say what its {sizes[-1]} classes are called."
        return ""

    def _described(self) -> dict[str, Any]:
        """What the file says of its network: kind, hidden layers and activation. What cannot be read is never true."""
        if "spec" not in self.metadata:
            return {}
        try:
            spec = read_json(self.metadata["spec"], max_bytes=MAX_DESCRIPTION_BYTES)
        except ValueError:
            spec = None
        return {name: spec.get(name) for name in DESCRIBED & spec.keys()} if isinstance(spec, dict) else {"kind": None}

    @property
    def step(self) -> str:
        """The step of the run that the weights are of; empty if the file does not say."""
        step = self.metadata.get("step", "")
        return step if step.isascii() and step.isdecimal() and len(step) < 16 else ""

    @property
    def parameters(self) -> int:
        """Number of trained parameters."""
        return parameter_count(shapes_of(self.tensors))


def _settings_of_mlp(shapes: Shapes, activation: str) -> RunSettings:
    sizes = _sizes(shapes)
    if not sizes and _sizes({name: shape[::-1] for name, shape in shapes.items()}):
        raise WeightsError(TRANSPOSED)
    if not sizes:
        raise WeightsError("The weights file belongs to no network that this page can build.")
    try:
        check_count(sizes[-1])
    except AlphabetError as error:
        raise WeightsError(str(error)) from error
    labels = () if sizes[-1] == len(DIGITS) else numbered(sizes[-1])
    try:
        settings = RunSettings.stored({"hidden": sizes[1:-1], "center": "plain", "activation": activation})
        return replace(settings, labels=labels)
    except SettingsError as error:
        name = quoted("-".join(map(str, sizes)))
        raise WeightsError(f"The network {name} is larger than this page can build: {error}") from error


def _sizes(shapes: Shapes) -> list[int]:
    """The sizes of an MLP's layers, from input to logits; empty for tensors of anything else."""
    sizes = [784]
    while len(shape := shapes.get(f"layers.{len(sizes) - 1}.weight", ())) == 2 and shape[0] == sizes[-1]:
        sizes.append(shape[1])
    return sizes if len(shapes) == 2 * (len(sizes) - 1) > 0 else []


def save_weights(weights: Tensors, settings: RunSettings | None = None, step: int = 0) -> bytes:
    """Weights as a plain network's file, with the settings and the step of their run if there are any."""
    metadata = {"format": FORMAT}
    if settings is not None:
        metadata |= {
            "spec": json.dumps({name: value for name, value in answering_spec(settings).items() if name != "source"}),
            "settings": json.dumps(settings.to_json()),
            "step": str(step),
        }
    return save_safetensors(fold_mean(weights), metadata)


def _stored_settings(metadata: Mapping[str, str]) -> Any:
    """The settings that a file names, not checked yet; None if it names none. ValueError if they are damaged."""
    if "settings" in metadata:
        return read_json(metadata["settings"], max_bytes=MAX_DESCRIPTION_BYTES)
    if metadata.get("format") != CHECKPOINT:
        return None
    record = read_json(metadata.get("record", ""))
    if not isinstance(record, dict) or "settings" not in record:
        raise ValueError("The checkpoint has no settings.")
    return record["settings"]


def load_weights(data: bytes) -> WeightsFile:
    """Read a weights file, or the weights of a checkpoint, whose settings stand in its record. Raises WeightsError."""
    tensors, metadata = load_safetensors(data)
    weights = {name: t for name, t in tensors.items() if not name.startswith((*TRAINING_STATE, BEST))}
    try:
        stored = _stored_settings(metadata)
        given = None if stored is None else RunSettings.stored(stored)
    except SettingsError as error:
        raise WeightsError(f"The weights file's settings cannot be used: {error}") from error
    except ValueError as error:
        raise WeightsError("The weights file's settings are damaged.") from error
    return WeightsFile(data, weights, metadata, given)
