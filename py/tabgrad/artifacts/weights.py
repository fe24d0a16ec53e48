"""A weights file: safetensors with a plain network's weights, and what made them as metadata.

Plain: the mean image of a centred network is folded into its first bias, and there is no training state. Files from
elsewhere have no metadata; an MLP's shapes tell what it is. Owns this format.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from tabgrad.network import (
    TRAINING_STATE,
    Tensors,
    WeightsError,
    fold_mean,
    load_safetensors,
    parameter_count,
    save_safetensors,
    shapes_of,
)
from tabgrad.settings import RunSettings, answering_spec

from .checkpoint import BEST

FORMAT = "tabgrad-weights"


@dataclass(frozen=True, slots=True, eq=False)
class WeightsFile:
    """A weights file that has been read: its bytes, its tensors by name, and its metadata."""

    data: bytes
    tensors: dict[str, NDArray[Any]]
    metadata: Mapping[str, str]

    @property
    def spec(self) -> dict[str, Any]:
        """The network's specification; empty if the file has none. Raises WeightsError."""
        try:
            spec = json.loads(self.metadata.get("spec", "{}"))
        except (ValueError, RecursionError) as error:
            raise WeightsError("The weights file's description of its network is damaged.") from error
        return spec if isinstance(spec, dict) else {}

    @property
    def settings(self) -> RunSettings:
        """The settings of its network: from the metadata, or from an MLP's shapes. WeightsError if there are none."""
        if "settings" in self.metadata:
            try:
                return RunSettings.stored(json.loads(self.metadata["settings"]))
            except (TypeError, ValueError, RecursionError) as error:
                raise WeightsError("The weights file's settings are damaged.") from error
        return _settings_of_mlp(shapes_of(self.tensors))

    @property
    def step(self) -> str:
        """The step of the run that the weights are of; empty if the file does not say."""
        return self.metadata.get("step", "")

    @property
    def parameters(self) -> int:
        """Number of trained parameters."""
        return parameter_count(shapes_of(self.tensors))


def _settings_of_mlp(shapes: Mapping[str, tuple[int, ...]]) -> RunSettings:
    sizes = [784]
    while len(shape := shapes.get(f"layers.{len(sizes) - 1}.weight", ())) == 2 and shape[0] == sizes[-1]:
        sizes.append(shape[1])
    if len(shapes) != 2 * (len(sizes) - 1) or sizes[-1] != 10 or len(sizes) < 2:
        raise WeightsError("The weights file belongs to no network that this page can build.")
    return RunSettings.stored({"hidden": sizes[1:-1], "center": "plain"})


def save_weights(weights: Tensors, settings: RunSettings | None = None, step: int = 0) -> bytes:
    """Weights as a plain network's file, with the settings and the step of their run if there are any."""
    metadata = {"format": FORMAT}
    if settings is not None:
        metadata |= {
            "spec": json.dumps(answering_spec(settings)),
            "settings": json.dumps(settings.to_json()),
            "step": str(step),
        }
    return save_safetensors(fold_mean(weights), metadata)


def load_weights(data: bytes) -> WeightsFile:
    """Read a weights file, or the weights of a checkpoint. Raises WeightsError."""
    tensors, metadata = load_safetensors(data)
    weights = {name: t for name, t in tensors.items() if not name.startswith((*TRAINING_STATE, BEST))}
    return WeightsFile(data, weights, metadata)
