"""What the picture of a network says about its columns and its units."""

from __future__ import annotations

import numpy as np

from tabgrad.alphabet import DIGITS, Labels
from tabgrad.explain.flow import IMAGE, Column, Flow
from tabgrad.network import stages
from tabgrad.ui.inspect.network_words import caption_of, describe, unit_name

MLP = stages({"kind": "mlp", "hidden": [128, 64]})
CNN = stages({"kind": "cnn", "stages": ["conv5x16", "pool", "dense64"]})


def column(stage: int, units: tuple[int, ...], *values: float) -> Column:
    return Column(stage, units, np.array(values, np.float32), 64)


SHAPES: Labels = (*"abcd", "Ring", *"fghij")
FOUND = Flow(
    [
        column(IMAGE, (0,), 1),
        column(0, (9, 3), 5.04, 0),
        column(1, (18, 40), 2, 1),
        column(2, tuple(range(10)), *range(10)),
    ],
    [np.ones((1, 2), np.float32), np.array([[1.5, -3.25], [0, 0]], np.float32), np.eye(2, 10, dtype=np.float32)],
)


def test_captions_say_how_many_units_are_shown() -> None:
    assert caption_of(MLP[0], 8, True) == "8 of 128 patterns, the most active now"
    assert caption_of(MLP[0], 8, False) == "8 of 128 patterns"
    assert caption_of(MLP[1], 64, True) == "64 units that combine them"
    assert caption_of(MLP[1], 16, True) == "16 of 64 units that combine them"
    assert caption_of(CNN[0], 8, True) == "8 of 16 feature maps, the most active now"


def test_units_have_names() -> None:
    assert unit_name(MLP[0], 0, 9, DIGITS) == "Unit 9 of layer 1"
    assert unit_name(CNN[0], 0, 3, DIGITS) == "Map 3 of layer 1"
    assert unit_name(MLP[2], 2, 4, DIGITS) == "Digit 4"
    assert unit_name(MLP[2], 2, 4, SHAPES) == "Class Ring"


def test_a_unit_tells_its_value_and_where_most_of_it_goes() -> None:
    def said(index: int, place: int, *, labels: Labels = DIGITS, active: bool = True) -> str:
        return describe(MLP, FOUND, labels, index, place, active=active)

    text = said(1, 0)
    assert text.startswith("Unit 9 of layer 1 has the value +5.04.")
    assert text.endswith("Most of all it speaks against unit 40 of layer 2: \N{MINUS SIGN}3.25.")
    assert "speaks for digit 0" in said(2, 0)
    assert "passes nothing on" in said(1, 1)
    assert "a sum of votes of +7.00" in said(3, 7)
    assert "Nothing is drawn yet" in said(1, 0, active=False)
    assert "speaks for class a" in said(2, 0, labels=SHAPES)
    assert "Class Ring gets a sum of votes of +4.00. The class with" in said(3, 4, labels=SHAPES)
