"""Fine-tunes a network on the visitor's drawings and tests it on drawings that it did not learn from.

Only the last layer is trained, and its weights are kept near the old ones. So the problem is convex, is solved in
milliseconds, and does not overfit as a whole network would.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tabgrad.backends import Device
from tabgrad.data.drawings import Drawing, split
from tabgrad.explain.written import inputs_of_last
from tabgrad.ink import DOT_SHARE, Stroke, normalise
from tabgrad.metrics import softmax
from tabgrad.program import ProgramError

from ...models import MakeModel, Model, load_model
from ..probe import Probe

Array = NDArray[np.floating[Any]]
#: Strength of the pull towards the old weights, relative to the mean square of the features. Chosen on generated digits
#: that were rotated: with less the layer forgets other people's handwriting, with more it learns too little.
PULL = 0.001
#: Steps of the optimisation.
STEPS = 300
#: Copies of each drawing are slightly rotated or slanted, so that a few drawings stand for more of the handwriting.
_ANGLES_DEG, _SLANTS = (-6.0, 6.0), (-0.12, 0.12)
NOT_DENSE = (
    "This network cannot be fine-tuned here: its last layer must be a dense one with a bias, and read the layer before "
    "it."
)
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
    await probe.describe()
    last = probe.structure[-1]
    if last.weight not in probe.weights or last.bias not in probe.weights:
        raise ProgramError(NOT_DENSE)
    weight, bias = probe.weights[last.weight], probe.weights[last.bias]
    if probe.is_written:
        weight = weight.T  # (units, inputs) there
    varied = [(strokes, d) for d in learn for strokes in variations(d.strokes)]
    features = np.stack([await _features(probe, strokes, d) for strokes, d in varied])
    labels = np.array([d.label for _, d in varied])
    tuned = tune_last_layer(features, labels, weight, bias)
    seen = np.stack([await _features(probe, d.strokes, d) for d in held_out])
    truth = np.array([d.label for d in held_out])
    before, after = (int(((seen @ w + b).argmax(axis=1) == truth).sum()) for w, b in ((weight, bias), tuned))
    base = probe.model
    title = f"{base.title.removesuffix(TUNED_SUFFIX)}{TUNED_SUFFIX}"
    changed = {last.weight: tuned[0].T if probe.is_written else tuned[0], last.bias: tuned[1]}
    weights = probe.weights | {name: value.astype(probe.weights[name].dtype) for name, value in changed.items()}

    async def make(device: Device) -> Model:
        shipped = base.card.get("programs_of", base.name)
        card = {**base.card, "title": title, "programs_of": shipped, "learned_from": "mine"}
        return await load_model(device, TUNED, card, base.executable.program, weights)

    return TuningResult(len(learn), len(held_out), before, after, title, make)


async def _features(probe: Probe, strokes: Sequence[Stroke], drawing: Drawing) -> NDArray[np.float32]:
    """The input of the last layer, (n,), for strokes on a pad as large as the drawing's."""
    await asyncio.sleep(0)  # new ink is answered first
    image = normalise(strokes, DOT_SHARE * drawing.size)
    values = await probe.activations(image)
    *hidden, last = probe.structure
    before = values[hidden[-1].tap] if hidden else image  # no hidden layers: the last layer reads the image
    if not probe.is_written:
        return before.reshape(-1)
    inputs = inputs_of_last(last, probe.weights, before, values["logits"])
    if inputs is None:
        raise ProgramError(NOT_DENSE)
    return inputs.astype(np.float32)


def variations(strokes: Sequence[Stroke]) -> list[tuple[Stroke, ...]]:
    """The drawing itself, then copies that are slightly rotated or slanted, each in both directions."""
    turns = [np.deg2rad(angle) for angle in _ANGLES_DEG]
    matrices = [np.eye(2)]
    matrices += [np.array([[np.cos(t), np.sin(t)], [-np.sin(t), np.cos(t)]]) for t in turns]
    matrices += [np.array([[1, 0], [slant, 1]]) for slant in _SLANTS]
    return [tuple(replace(s, points=(s.points @ m).astype(np.float32)) for s in strokes) for m in matrices]


def tune_last_layer(
    features: Array, labels: NDArray[np.integer[Any]], weight: Array, bias: Array, pull: float = PULL
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """New `weight` (h, 10) and `bias` (10,) of the last layer, float32. `features` (n, h) are its inputs.

    Minimises the mean cross entropy plus pull / 2 * s * d**2, where s is the mean squared length of the features (with
    a 1 for the bias) and d the distance to the old weights (L2-SP, Li et al. 2018, https://arxiv.org/abs/1802.01483).
    Accelerated gradient descent (Nesterov 1983); the step comes from a bound on the curvature of softmax (Böhning 1992,
    https://doi.org/10.1007/BF00048682). `labels` (n,) are integers 0..9.
    """
    x = np.concatenate([np.asarray(features, np.float64), np.ones((len(features), 1))], axis=1)
    start = np.concatenate([np.asarray(weight, np.float64), np.asarray(bias, np.float64)[None]])
    target = np.eye(start.shape[1])[labels]
    held = pull * float((x * x).sum(axis=1).mean())
    step = 1 / (0.5 * float(np.linalg.norm(x, 2)) ** 2 / len(x) + held)
    now = ahead = start
    for k in range(STEPS):
        gradient = x.T @ (softmax(x @ ahead) - target) / len(x) + held * (ahead - start)
        before, now = now, ahead - step * gradient
        ahead = now + k / (k + 3) * (now - before)
    return now[:-1].astype(np.float32), now[-1].astype(np.float32)
