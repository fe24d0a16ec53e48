"""Settings with a purpose, found by measuring on the validation split, and how far they go. Nothing here trains."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from .run_settings import RunSettings

#: Epochs times the learning rate, over 1 - momentum: measured with the preset "fast" on MNIST, one seed. At 0.4 the
#: weights grow while the rate is high: runs of 50, 70 and 100 epochs come back, one of 200 diverges after 50. At 0.2,
#: at 0.1, and at 0.4 with gradient clipping or with this weight decay, 200 epochs are well.
_LONGEST, _ENOUGH_DECAY = 100 * 0.4 / (1 - 0.9), 1e-4


def caution(settings: RunSettings) -> str:
    """A sentence if a run with these settings goes further than what was found to be safe; else empty."""
    if settings.optimizer_row.rule != "sgd" or settings.clip > 0 or settings.weight_decay >= _ENOUGH_DECAY:
        return ""
    momentum = settings.momentum if "momentum" in settings.optimizer_row.fields else 0.0
    if settings.epochs * settings.lr <= _LONGEST * (1 - momentum) * (1 + 1e-9):
        return ""
    safer = _LONGEST * (1 - momentum) / settings.epochs
    return (
        f"So many epochs at this learning rate can diverge: a rate of {safer:.1g} or gradient clipping at 1 is safer."
    )


@dataclass(frozen=True, slots=True)
class Preset:
    """What the page calls it, what it promises in a few words, `hint`: the promise as a whole sentence, its settings.

    Promises are about validation images, as all choices are; what a run has reached is measured on the test images.
    `prebuilt` has the targets whose programs the site brings along; for others they are compiled in the page.
    """

    title: str
    promise: str
    hint: str
    settings: RunSettings
    prebuilt: tuple[str, ...] = ("wgsl", "wasm")


#: For a drawn alphabet with few examples of each class. Chosen on validation drawings: see docs/FEW-EXAMPLES.md. No
#: augmentation, because the strokes are varied already. An epoch has about 2,000 images: seconds.
FEW_EXAMPLES = RunSettings(
    model="cnn", start_from="features", optimizer="adamw", lr=0.01, warm_up=0.25, batch=64, epochs=8
)

PRESETS: Mapping[str, Preset] = {
    # The defaults. Validation over three seeds: 97.6 to 97.8 % after 3 epochs, 97.3 to 97.5 % after 2 or 2.5.
    "fast": Preset(
        "Fast",
        "to about 97.5 %",
        "An MLP that learns in seconds: about 97.5 % right on validation images.",
        RunSettings(),
    ),
    # Errors of 5,000 validation images, one seed each: 55; with one layer of 128 and 25 or 60 epochs 76 and 73.
    # WebGPU programs of a third network would not fit into the 3 MB for models; the page compiles them in seconds.
    "best": Preset(
        "MLP, 1 minute",
        "to about 98.8 %",
        "Two hidden layers and distorted images: about 98.8 % right on validation images.",
        RunSettings(hidden=(128, 64), optimizer="adamw", lr=0.003, warm_up=0.25, epochs=40, augment="mild"),
        prebuilt=("wasm",),
    ),
    # Errors of 5,000 validation images over three seeds: 38 to 41; 50 to 54 after 3 epochs without distortions.
    "cnn": Preset(
        "Small CNN",
        "to about 99 %",
        "A network that looks for small shapes: about 99 % right on validation images.",
        RunSettings(model="cnn", optimizer="adamw", lr=0.01, warm_up=0.25, batch=64, epochs=4, augment="mild"),
    ),
}
