"""Fine-tuning the last layer: it finds the minimum, learns a new handwriting and does not forget others."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tabgrad.backends.oracle.network import OracleNetwork
from tabgrad.data.drawings import Drawing, split
from tabgrad.data.strokes import draw_chunk
from tabgrad.ink import Stroke, normalise
from tabgrad.metrics import softmax
from tabgrad.network import load_safetensors, shapes_of, spec_of, stages
from tabgrad.ui.inspect.sections.tuner import PULL, fine_tune, tune_last_layer, variations
from tests.unit.ui.test_probe import open_probe

MLP = Path(__file__).parents[3] / "models" / "mlp"


def test_the_gradient_is_zero_at_the_result() -> None:
    rng = np.random.default_rng(0)
    features, labels = rng.uniform(0, 3, (30, 12)), rng.integers(0, 10, 30)
    weight, bias = rng.normal(0, 0.5, (12, 10)), rng.normal(0, 0.5, 10)
    pull = 0.1
    new_weight, new_bias = tune_last_layer(features, labels, weight, bias, pull)
    error = (softmax(features @ new_weight + new_bias) - np.eye(10)[labels]) / len(labels)
    held = pull * float((features**2).sum(1).mean() + 1)
    np.testing.assert_allclose(features.T @ error, -held * (new_weight - weight), atol=1e-4)
    np.testing.assert_allclose(error.sum(0), -held * (new_bias - bias), atol=1e-4)


def test_a_strong_pull_changes_nothing() -> None:
    features, labels = np.ones((4, 3)), np.arange(4)
    weight, bias = np.eye(3, 10), np.zeros(10)
    new_weight, new_bias = tune_last_layer(features, labels, weight, bias, pull=1e6)
    np.testing.assert_allclose(new_weight, weight, atol=1e-5)
    np.testing.assert_allclose(new_bias, bias, atol=1e-5)


def test_variations_begin_with_the_drawing_itself() -> None:
    strokes = (Stroke(np.array([[1, 2], [30, 40]], np.float32), 1.5),)
    varied = variations(strokes)
    np.testing.assert_array_equal(varied[0][0].points, strokes[0].points)
    lengths = [np.linalg.norm(v[0].points[1] - v[0].points[0]) for v in varied]
    np.testing.assert_allclose(lengths[:3], lengths[0], rtol=1e-5)  # turned, not stretched
    assert len({v[0].points.tobytes() for v in varied}) == 5
    assert all(v[0].width == 1.5 for v in varied)


def turned(strokes: list[Stroke], degrees: float) -> list[Stroke]:
    t = np.deg2rad(degrees)
    matrix = np.array([[np.cos(t), np.sin(t)], [-np.sin(t), np.cos(t)]])
    return [replace(s, points=(s.points @ matrix).astype(np.float32)) for s in strokes]


def test_it_learns_a_slanted_handwriting_and_does_not_forget_others() -> None:
    weights, _ = load_safetensors((MLP / "weights.safetensors").read_bytes())
    spec = spec_of(json.loads((MLP / "card.json").read_text()), shapes_of(weights))
    network, last = OracleNetwork(spec, weights), stages(spec)[-1]

    def features(drawings: list[Any]) -> NDArray[Any]:
        taps: list[Any] = []
        network.forward(np.stack([normalise(d) for d in drawings]).reshape(-1, 784), taps=taps)
        return np.asarray(taps[-1].reshape(len(drawings), -1))

    drawings, labels = draw_chunk(77, 0)
    own = [turned(strokes, 30) for strokes in drawings]
    others, their_labels = draw_chunk(77, 1)
    learned = [(v, label) for strokes, label in zip(own[:50], labels[:50], strict=True) for v in variations(strokes)]
    old = weights[last.weight], weights[last.bias]
    new = tune_last_layer(features([v for v, _ in learned]), np.array([n for _, n in learned]), *old, PULL)

    def accuracy(layer: tuple[NDArray[Any], NDArray[Any]], seen: NDArray[Any], truth: NDArray[Any]) -> float:
        return float(((seen @ layer[0] + layer[1]).argmax(1) == truth).mean())

    held_out, theirs = features(own[50:]), features(others)
    assert accuracy(new, held_out, labels[50:]) > accuracy(old, held_out, labels[50:]) + 0.03
    assert accuracy(new, theirs, their_labels) > accuracy(old, theirs, their_labels) - 0.01


@pytest.mark.parametrize("name", ["mlp", "cnn"])
def test_the_tuned_network_is_as_accurate_as_reported(name: str) -> None:
    async def work() -> None:
        device, probe, _ = await open_probe(name, name)
        drawings, labels = draw_chunk(5, 0)
        own = [
            Drawing(int(label), tuple(turned(strokes, 40)), 1.0)
            for strokes, label in zip(drawings, labels, strict=True)
        ][:60]
        outcome = await fine_tune(probe, own)
        assert outcome is not None
        learn, held_out = split(own)
        assert (outcome.learned, outcome.count) == (len(learn), len(held_out))
        assert outcome.after >= outcome.before
        model = await outcome.make(device)
        images = [normalise(d.strokes, 12 / 280) for d in held_out]
        answers = [int((await model.logits(image)).argmax()) for image in images]
        assert sum(a == d.label for a, d in zip(answers, held_out, strict=True)) == outcome.after
        assert await fine_tune(probe, [d for d in own if d.label == 3][:1]) is None
        device.destroy()

    asyncio.run(work())
