"""Fine-tunes a network on the visitor's drawings and tests it on drawings that it did not learn from.

Chooses the drawings and builds the tuned network. `explain.tune` computes its weights.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tabgrad.backends import Device
from tabgrad.data.drawings import Drawing, split
from tabgrad.explain import tune
from tabgrad.ink import DOT_SHARE, Stroke, normalise

from ...models import MakeModel, Model, load_model
from ..probe import Probe

#: The model picker's value for the tuned network, and the end of its title.
TUNED, TUNED_SUFFIX = "tuned", ", tuned to you"


@dataclass(frozen=True, slots=True)
class TuningResult:
    """What fine-tuning on `learned` drawings brought: of `count` others, `before` and `after` were read correctly.

    `make` puts the tuned network on an engine; `title` is what the model picker calls it.
    """

    learned: int
    count: int
    before: int
    after: int
    title: str
    make: MakeModel


async def fine_tune(probe: Probe, drawings: Sequence[Drawing]) -> TuningResult | None:
    """Tune the last layer of the probe's network. None if no digit was drawn twice: then there is nothing to test on.

    Raises EngineError.
    """
    learn, held_out = split(drawings)
    if not held_out:
        return None
    last = probe.structure[-1]
    weight, bias = probe.weights[last.weight], probe.weights[last.bias]
    varied = [(strokes, d) for d in learn for strokes in tune.variations(d.strokes)]
    features = np.stack([await _features(probe, strokes, d) for strokes, d in varied])
    labels = np.array([d.label for _, d in varied])
    tuned = tune.tune_last_layer(features, labels, weight, bias)
    seen = np.stack([await _features(probe, d.strokes, d) for d in held_out])
    truth = np.array([d.label for d in held_out])
    before, after = (int(((seen @ w + b).argmax(axis=1) == truth).sum()) for w, b in ((weight, bias), tuned))
    base = probe.model
    title = f"{base.title.removesuffix(TUNED_SUFFIX)}{TUNED_SUFFIX}"
    weights = {**probe.weights, last.weight: tuned[0], last.bias: tuned[1]}

    async def make(device: Device) -> Model:
        shipped = base.card.get("programs_of", base.name)
        card = {**base.card, "title": title, "programs_of": shipped, "learned_from": "mine"}
        return await load_model(device, TUNED, card, base.executable.program, weights)

    return TuningResult(len(learn), len(held_out), before, after, title, make)


async def _features(probe: Probe, strokes: Sequence[Stroke], drawing: Drawing) -> NDArray[np.float32]:
    """The input of the last layer, (n,), for strokes on a pad as large as the drawing's."""
    await asyncio.sleep(0)  # new ink is answered first
    image = normalise(strokes, DOT_SHARE * drawing.size)
    if len(probe.structure) < 2:  # no hidden layers: the last layer reads the image
        return image.reshape(-1)
    return (await probe.activations(image))[probe.structure[-2].tap].reshape(-1)
