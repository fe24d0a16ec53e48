"""Settings with a purpose, found by measuring on the validation split. Nothing here trains."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from .settings import RunSettings


@dataclass(frozen=True, slots=True)
class Preset:
    """What the page calls it, what it promises, and the settings."""

    title: str
    promise: str
    settings: RunSettings


PRESETS: Mapping[str, Preset] = {
    "fast": Preset("Fast", "97.5 % in the shortest time", RunSettings(epochs=2, warm_up=0.1)),
    "best": Preset(
        "Best MLP in a minute",
        "The most a small MLP learns in about a minute",
        RunSettings(optimizer="adamw", lr=0.003, epochs=25, augment="mild"),
    ),
    "cnn": Preset(
        "CNN",
        "Convolutions: 99 % from scratch",
        RunSettings(model="cnn", optimizer="adamw", lr=0.01, batch=64, epochs=2.5),
    ),
}
