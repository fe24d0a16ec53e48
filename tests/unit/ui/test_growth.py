"""The example digit of a first visit: it is read as what it is, and grows as a pen would draw it."""

from __future__ import annotations

import numpy as np
import pytest

from tabgrad.backends.oracle import OracleNetwork
from tabgrad.network import shapes_of, spec_of
from tabgrad.ui.examples import GHOST, example
from tabgrad.ui.pad.growth import grown
from tabgrad.ui.prediction import PAD_UNITS, standard_input
from tests.e2e.inside_page import shipped


def length(strokes: object) -> float:
    return sum(float(np.hypot(*np.diff(s.points, axis=0).T).sum()) for s in strokes)  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", ["mlp", "cnn"])
def test_the_shipped_networks_are_sure_of_it(name: str) -> None:
    card, weights = shipped(name)
    network = OracleNetwork(spec_of(card, shapes_of(weights)), weights)
    digit, ink = example(GHOST)
    image = standard_input(ink)
    logits = network.forward(image.reshape(1, 784))[0]
    assert int(logits.argmax()) == digit
    assert np.sort(logits)[-1] - np.sort(logits)[-2] > 5


def test_it_is_always_the_same_and_lies_inside_the_pad() -> None:
    first, again = (example(GHOST)[1].strokes for _ in range(2))
    for stroke, other in zip(first, again, strict=True):
        np.testing.assert_array_equal(stroke.points, other.points)
        assert stroke.points.min() > 20
        assert stroke.points.max() < PAD_UNITS - 20


def test_it_grows_by_the_way_of_the_pen() -> None:
    whole = example(GHOST)[1].strokes
    assert grown(whole, 0) == ()
    assert [s.points.tolist() for s in grown(whole, 1)] == [s.points.tolist() for s in whole]
    for share in (0.01, 0.3, 0.5, 0.77, 0.999):
        part = grown(whole, share)
        assert length(part) == pytest.approx(share * length(whole), rel=1e-4)
        for stroke, full in zip(part, whole, strict=False):
            np.testing.assert_array_equal(stroke.points[:-1], full.points[: len(stroke.points) - 1])
