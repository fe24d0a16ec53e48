"""Example digits: another at each press, always the same ones, inside the pad, and read by both shipped networks."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from tabgrad.backends.oracle import OracleNetwork
from tabgrad.network import load_safetensors, shapes_of, spec_of
from tabgrad.ui.examples import ORDER, example
from tabgrad.ui.prediction import PAD_UNITS, standard_input

MODELS = Path(__file__).parents[3] / "models"
ROUNDS = 12


def test_each_round_has_every_digit_and_neighbours_differ() -> None:
    digits = [example(number)[0] for number in range(20)]
    assert sorted(digits[:10]) == sorted(digits[10:]) == list(range(10))
    assert all(a != b for a, b in pairwise(digits))


def test_the_same_press_gives_the_same_digit_and_another_round_another_shape() -> None:
    (_, first), (_, again), (_, other) = example(4), example(4), example(4 + len(ORDER))
    np.testing.assert_array_equal(first.strokes[0].points, again.strokes[0].points)
    assert not np.array_equal(standard_input(first), standard_input(other))


def test_examples_are_inside_the_pad_and_large() -> None:
    for number in range(10 * ROUNDS):
        points = np.concatenate([stroke.points for stroke in example(number)[1].strokes])
        assert points.min() > 0.1 * PAD_UNITS
        assert points.max() < 0.9 * PAD_UNITS
        assert np.ptp(points, axis=0).max() > 0.5 * PAD_UNITS


@pytest.mark.parametrize("name", ["mlp", "cnn"])
def test_shipped_networks_read_nearly_all_of_them(name: str) -> None:
    weights, _ = load_safetensors((MODELS / name / "weights.safetensors").read_bytes())
    spec = spec_of(json.loads((MODELS / name / "card.json").read_text()), shapes_of(weights))
    shown = [example(number) for number in range(10 * ROUNDS)]
    images = np.stack([standard_input(ink) for _, ink in shown]).reshape(len(shown), 784)
    answers = OracleNetwork(spec, weights, np.float32).forward(images).argmax(axis=1)
    wrong = [(digit, int(answer)) for (digit, _), answer in zip(shown, answers, strict=True) if digit != answer]
    assert len(wrong) <= 0.02 * len(shown), wrong
    assert not any(number < 20 for number, (digit, _) in enumerate(shown) if answers[number] != digit)
