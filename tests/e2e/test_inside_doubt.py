"""A drawing between two digits, in Chromium: the page says that it is not sure, whatever the model."""

from __future__ import annotations

from collections.abc import Callable
from operator import itemgetter

import numpy as np
import pytest
from numpy.typing import NDArray

from tabgrad.backends.oracle.network import OracleNetwork
from tabgrad.ink import Snapshot, Stroke
from tabgrad.network import shapes_of, spec_of
from tabgrad.ui.prediction import PAD_UNITS, softmax, standard_input
from tests.e2e.drawing import DIGITS, Polyline, bars
from tests.e2e.inside_page import caught_up, draw_anew, shipped
from tests.e2e.support import Visit, use_model, wait_until

POINTS, STEPS = 40, 60
#: Digits of one stroke that turn into each other.
PAIRS = ((9, 7), (3, 2), (0, 6), (2, 7), (9, 1))


def resampled(digit: int) -> NDArray[np.float64]:
    """A digit of one stroke as points at equal distances."""
    line = np.array(DIGITS[digit][0])
    along = np.concatenate([[0], np.hypot(*np.diff(line, axis=0).T).cumsum()])
    places = np.linspace(0, along[-1], POINTS)
    return np.stack([np.interp(places, along, line[:, axis]) for axis in (0, 1)], axis=1)


def between(one: int, other: int) -> list[list[Polyline]]:
    """Drawings on the way from a digit to another. Where the answer changes, no model can be sure of it."""
    shares = np.linspace(0, 1, STEPS)[:, None, None]
    return [
        [[(float(x), float(y)) for x, y in line]] for line in (1 - shares) * resampled(one) + shares * resampled(other)
    ]


def confidence(name: str, drawing: list[Polyline]) -> float:
    """What the model's best guess is worth to it, by the oracle."""
    card, weights = shipped(name)
    strokes = tuple(Stroke(np.array(line, np.float32) * PAD_UNITS) for line in drawing)
    image = standard_input(Snapshot(strokes))
    logits = OracleNetwork(spec_of(card, shapes_of(weights)), weights).forward(image.reshape(1, 784))[0]
    return float(softmax(logits, card.get("temperature", 1.0)).max())


def least_sure(name: str, way: list[list[Polyline]]) -> tuple[float, list[Polyline]]:
    """Of the drawings along `way`, one of which the model is least sure; also of its neighbours: a mouse is inexact."""
    known = [confidence(name, drawing) for drawing in way]
    around = [max(known[i - 1 : i + 2]) for i in range(1, len(way) - 1)]
    best = int(np.argmin(around))
    return around[best], way[best + 1]


@pytest.mark.parametrize("name", ["mlp", "cnn"])
def test_the_page_says_that_it_is_not_sure(open_visit: Callable[..., Visit], name: str) -> None:
    limit = shipped(name)[0]["not_sure_below"]
    least, worst = min((least_sure(name, between(*pair)) for pair in PAIRS), key=itemgetter(0))
    assert least < 0.9 * limit, "somewhere on the way it must doubt"
    page = open_visit("?engine=wasm#inside").page
    use_model(page, name)
    draw_anew(page, worst)
    caught_up(page, "inside")
    assert max(bars(page)) < limit
    assert page.locator("#verdict").get_attribute("data-state") == "unsure"
    assert page.locator("#verdict-title").inner_text() == "Not sure"
    first, second = (int(digit) for digit in np.argsort(bars(page), kind="stable")[:-3:-1])
    assert page.locator("#verdict-note").inner_text() == f"Perhaps {first}, perhaps {second}"
    spoken = page.locator("#announcer")
    wait_until(page, lambda: "Not sure" in (spoken.text_content() or ""), "the sentence for screen readers")
    draw_anew(page, DIGITS[1])
    caught_up(page, "inside")
    assert page.locator("#verdict").get_attribute("data-state") == "sure"
    assert "Not sure" not in page.locator("#verdict-title").inner_text()
