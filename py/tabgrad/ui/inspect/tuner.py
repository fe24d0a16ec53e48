"""Fine-tunes the network that answers on the visitor's drawings, and puts the result into the model picker.

Owns the tuned network; how it is computed is `explain.tune`'s affair.
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

from ..models import MakeModel, Model, write_weights
from .probe import Probe

#: The picker's value for the tuned network.
TUNED = "tuned"


@dataclass(frozen=True, slots=True)
class Outcome:
    """Of `count` drawings held out, how many were read right before and after learning from `learned` others.

    `make` puts the tuned network, called `title`, on an engine.
    """

    learned: int
    count: int
    before: int
    after: int
    title: str
    make: MakeModel


async def tune_to(probe: Probe, drawings: Sequence[Drawing]) -> Outcome | None:
    """Tune the network of `probe`; None if no digit was drawn twice, so that there is nothing to test on.

    Raises what engines raise.
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
    title = f"{base.title.removesuffix(_SUFFIX)}{_SUFFIX}"
    weights = {**probe.weights, last.weight: tuned[0], last.bias: tuned[1]}

    async def make(device: Device) -> Model:
        executable = await device.load(base.executable.program)
        write_weights(executable, weights)
        shipped = base.card.get("programs_of", base.name)
        card = {**base.card, "title": title, "programs_of": shipped, "learned_from": "mine"}
        return Model(TUNED, card, executable)

    return Outcome(len(learn), len(held_out), before, after, title, make)


_SUFFIX = ", tuned to you"


async def _features(probe: Probe, strokes: Sequence[Stroke], drawing: Drawing) -> NDArray[np.float32]:
    """What the last layer is fed with for some strokes, on a pad like the drawing's. The pen comes first."""
    await asyncio.sleep(0)
    seen = await probe.activations(normalise(strokes, DOT_SHARE * drawing.size))
    return seen[probe.structure[-2].tap].reshape(-1)
