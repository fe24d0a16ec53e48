"""Of the visitor's own drawings those are shown that were asked for, and what came of them is said honestly."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from tabgrad.alphabet import DIGITS, Labels
from tabgrad.data.drawings import Drawing
from tabgrad.ink import Stroke
from tabgrad.metrics import Results
from tabgrad.ui.inspect.sections.own_reading import Reading

RUNES: Labels = ("sun", "moon", "star")
TRUTH, ANSWERS = (0, 1, 1, 2, 0), (0, 2, 1, 2, 1)


def reading(labels: Labels = RUNES) -> Reading:
    """Five drawings, of which the second and the last are read wrong."""
    drawings = [Drawing(label, (Stroke(np.zeros((1, 2), np.float32)),), 280.0) for label in TRUTH]
    results = Results(np.eye(len(labels))[list(ANSWERS)], np.array(TRUTH))
    return Reading(labels, drawings, [np.zeros((28, 28), np.uint8)] * len(drawings), results)


def test_all_drawings_the_mistakes_or_those_of_a_cell_are_shown() -> None:
    assert reading().chosen("all") == [0, 1, 2, 3, 4]
    assert reading().chosen("wrong") == [1, 4]
    assert reading().chosen((1, 2)) == [1]
    assert reading().chosen((1, 1)) == [2]
    unread = replace(reading(), results=None)
    assert unread.chosen((1, 2)) == [0, 1, 2, 3, 4]


def test_a_table_of_many_classes_has_those_that_were_drawn_or_answered() -> None:
    assert reading().mixed_up()[0] == [0, 1, 2]
    many = reading(tuple(f"rune {i}" for i in range(36)))
    places, counts = many.mixed_up()
    assert places == [0, 1, 2]
    assert counts.tolist() == [[1, 1, 0], [0, 1, 1], [0, 0, 1]]
    assert replace(many, results=None).mixed_up()[0] == []


def test_the_line_beside_the_pad_counts_and_names_what_to_press() -> None:
    assert reading().summary() == "5 kept \N{MIDDLE DOT} the network reads 3 of them"
    assert replace(reading(), results=None).summary() == "5 kept"
    assert Reading(DIGITS, [], [], None).summary().startswith("Press its digit")
    assert Reading(RUNES, [], [], None).summary().startswith("Press its name")


def test_the_headline_has_the_interval_and_says_what_the_network_has_learned() -> None:
    said = reading().headline("MLP", has_learned=True).replace("\N{NO-BREAK SPACE}", " ")
    assert said == (
        "MLP reads 3 of your 5 drawings: 60 % (95 % interval 23 % to 88 %). It has learned from half of them."
    )
    assert reading().right == 3
    assert reading().counts == [2, 2, 1]
    assert replace(reading(), results=None).headline("", has_learned=False) == "You have kept 5 drawings."
    assert "It knows sun, moon and star" in Reading(RUNES, [], [], None).headline("MLP", has_learned=False)
