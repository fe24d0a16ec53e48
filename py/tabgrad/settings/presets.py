"""Settings with a purpose, found by measuring on the validation split. Nothing here trains."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from .run_settings import RunSettings


@dataclass(frozen=True, slots=True)
class Preset:
    """What the page calls it, what it promises, and its settings.

    `prebuilt` has the targets whose programs the site brings along; for others they are compiled in the page.
    """

    title: str
    promise: str
    settings: RunSettings
    prebuilt: tuple[str, ...] = ("wgsl", "wasm")


PRESETS: Mapping[str, Preset] = {
    # Validation over three seeds: 97.6 to 97.8 % after 3 epochs, 97.3 to 97.5 % after 2 or 2.5.
    "fast": Preset("Fast", "97.5 % in the shortest time", RunSettings(epochs=3, warm_up=0.1)),
    # Errors of 5,000 validation images, one seed each: 55; with one layer of 128 and 25 or 60 epochs 76 and 73.
    # WebGPU programs of a third network would not fit into the 3 MB for models; the page compiles them in seconds.
    "best": Preset(
        "Best MLP in a minute",
        "Two layers and distorted images: 98.8 %",
        RunSettings(hidden=(128, 64), optimizer="adamw", lr=0.003, epochs=40, augment="mild"),
        prebuilt=("wasm",),
    ),
    # Errors of 5,000 validation images over three seeds: 38 to 41; 50 to 54 after 3 epochs without distortions.
    "cnn": Preset(
        "CNN",
        "Convolutions: 99 % from scratch",
        RunSettings(model="cnn", optimizer="adamw", lr=0.01, batch=64, epochs=4, augment="mild"),
    ),
}
