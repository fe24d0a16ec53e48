"""The visitor's drawings as a file: reading what was written, errors in one sentence, and the split."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tabgrad.alphabet import DIGITS, MAX_CLASSES
from tabgrad.data.drawings import (
    Drawing,
    DrawingsError,
    drawing_text,
    dump_set,
    dumps,
    loads,
    read_set,
    split,
)
from tabgrad.ink import MAX_PEN_WIDTH, Stroke

points = st.lists(st.tuples(st.floats(0, 280, width=32), st.floats(0, 280, width=32)), min_size=1, max_size=20)
own = st.builds(
    lambda label, lines: Drawing(label, tuple(Stroke(np.array(p, np.float32)) for p in lines), 280.0),
    st.integers(0, 9),
    st.lists(points, min_size=1, max_size=3),
)


@given(st.lists(own, max_size=5))
def test_drawings_are_read_as_they_were_written(drawings: list[Drawing]) -> None:
    back = loads(dumps(drawings, 280.0))
    assert [d.label for d in back] == [d.label for d in drawings]
    for before, after in zip(drawings, back, strict=True):
        for a, b in zip(before.strokes, after.strokes, strict=True):
            np.testing.assert_allclose(a.points, b.points, atol=0.01)


def test_drawings_of_another_pad_are_scaled() -> None:
    small = Drawing(1, (Stroke(np.array([[1, 2], [3, 4]], np.float32), 1.5),), 10.0)
    (back,) = loads(dumps([small], 280.0))
    np.testing.assert_allclose(back.strokes[0].points, [[28, 56], [84, 112]])
    assert (back.size, back.strokes[0].width) == (280.0, 1.5)


GOOD = json.loads(dumps([Drawing(1, (Stroke(np.zeros((1, 2), np.float32)),), 280.0)], 280.0))


@pytest.mark.parametrize(
    "change",
    [
        {"format": "other"},
        {"version": 9},
        {"size": 0},
        {"size": float("nan")},
        {"drawings": [{"label": 12, "strokes": []}]},
        {"drawings": [{"label": True, "strokes": []}]},
        {"drawings": [{"label": 1, "strokes": []}]},
        {"drawings": [{"label": 1, "strokes": [{"points": [1, 2, 3], "width": 1}]}]},
        {"drawings": [{"label": 1, "strokes": [{"points": [1, 9e9], "width": 1}]}]},
        {"drawings": [{"label": 1, "strokes": [{"points": [1, float("nan")], "width": 1}]}]},
        {"drawings": [{"label": 1, "strokes": [{"points": [], "width": 1}]}]},
        {"drawings": 7},
        {"drawings": [7]},
        {"drawings": [{"label": 1, "strokes": [7]}]},
        {"drawings": [{"label": 1, "strokes": [{"points": ["1", "2"], "width": 1}]}]},
        {"drawings": [{"label": 1, "strokes": [{"points": [[1, 2]], "width": 1}]}]},
        {"drawings": [{"label": 1, "strokes": [{"points": [1, [2]], "width": 1}]}]},
        {"drawings": [{"label": 1, "strokes": [{"points": [1, 10**90], "width": 1}]}]},
        {"drawings": [{"label": 1, "strokes": [{"points": [1, 2], "width": "1"}]}]},
        {"drawings": [{"label": 1, "strokes": [{"points": [1, 2], "width": 0}]}]},
        {"drawings": [{"label": 1, "strokes": [{"points": [1, 2], "width": 1}] * 3000}]},
        {"drawings": [{"label": 1, "strokes": [{"points": [1, 2] * 20000, "width": 1}]}]},
        {"drawings": [{"label": 1, "strokes": [{"points": [-(1 << 63), 0], "width": 1}]}]},
        {"drawings": [{"label": 1, "strokes": [{"points": [1, True], "width": 1}]}]},
        {"drawings": [{"label": 7.5, "strokes": [{"points": [1, 2], "width": 1}]}]},
        {"drawings": [{"label": 1, "strokes": [{"points": [1, 2], "width": 1}] * 2000}] * 101},
        {"version": True},
        {"version": 1.0},
        {"size": "280"},
        {"size": 1e-300},
        {"size": 10**400},
    ],
)
def test_a_bad_file_is_refused_in_one_sentence(change: dict[str, object]) -> None:
    with pytest.raises(DrawingsError, match=r"^[A-Z].*\.$"):
        loads(json.dumps({**GOOD, **change}))


@given(st.one_of(st.text(), st.binary(), st.recursive(st.none() | st.floats() | st.text(), st.lists).map(json.dumps)))
def test_any_text_is_refused_with_a_drawings_error(text: str | bytes) -> None:
    with pytest.raises(DrawingsError):
        loads(text)


def test_the_split_holds_out_half_of_each_digit_and_stays_stable() -> None:
    def drawing(label: int) -> Drawing:
        return Drawing(label, (Stroke(np.zeros((1, 2), np.float32)),), 280.0)

    drawings = [drawing(n) for n in (1, 1, 2, 1, 1, 2, 3)]
    learn, test = split(drawings)
    assert [d.label for d in test] == [1, 1, 2]
    more_learn, more_test = split([*drawings, drawing(3), drawing(1)])
    assert all(d in more_learn for d in learn)
    assert all(d in more_test for d in test)


def test_a_file_that_was_edited_by_hand_is_read() -> None:
    strokes = [{"width": 60, "points": [1, 2]}]
    text = json.dumps({**GOOD, "drawings": [{"label": 7.0, "strokes": strokes}]})
    for content in (text, "\ufeff" + text, b"\xef\xbb\xbf" + text.encode()):
        (drawing,) = loads(content)
        assert (drawing.label, type(drawing.label), drawing.strokes[0].width) == (7, int, MAX_PEN_WIDTH)


RUNES = ("sun", "\N{GRINNING FACE}", "<b>moon</b>")
DOT = Drawing(2, (Stroke(np.array([[1.25, 2.5]], np.float32)),), 280.0)


def runes(**change: object) -> str:
    body = json.loads(dump_set("Runes", RUNES, [drawing_text(DOT, 280.0)], 280.0))
    return json.dumps({**body, **change})


def test_a_file_of_any_alphabet_is_read_as_it_was_written() -> None:
    found = read_set(runes())
    assert (found.name, found.labels, found.counts()) == ("Runes", RUNES, [0, 0, 1])
    assert drawing_text(found.drawings[0], 280.0) == drawing_text(DOT, 280.0)
    empty = read_set(dump_set("New", (), [], 280.0))
    assert (empty.labels, empty.drawings) == ((), ())


def test_a_file_of_digits_is_a_set_and_another_alphabet_is_no_file_of_digits() -> None:
    digits = read_set(dumps([DOT], 280.0))
    assert (digits.name, digits.labels, digits.counts()[2]) == ("", DIGITS, 1)
    assert len(loads(runes(labels=list(DIGITS)))) == 1
    with pytest.raises(DrawingsError, match=r"a file of the classes sun, .*, not of digits"):
        loads(runes())


def test_a_file_is_read_for_a_network_that_knows_its_classes_in_any_order() -> None:
    sun, _, moon = RUNES
    known = (moon, "star", *RUNES[1::-1])
    assert [d.label for d in loads(runes(), known)] == [0]
    again = loads(dumps([DOT], 280.0, RUNES), RUNES)
    assert [drawing_text(d, 280.0) for d in again] == [drawing_text(DOT, 280.0)]
    with pytest.raises(DrawingsError, match=f"a file of the classes {sun}, .* not of {sun} and star; nothing"):
        loads(runes(), (sun, "star"))
    with pytest.raises(DrawingsError, match="a file of another alphabet, not of digits"):
        loads(dump_set("New", (), [], 280.0))
    with pytest.raises(DrawingsError, match="a file of the classes 0 to 9, not of"):
        loads(dumps([DOT], 280.0), RUNES)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"labels": ["sun", "sun", "moon"]}, "Two classes are called 'sun'; nothing was imported."),
        ({"labels": ["sun", " ", "moon"]}, "a name that one can see"),
        ({"labels": ["sun", "x" * 99, "moon"]}, "too long"),
        ({"labels": [f"{n}" for n in range(MAX_CLASSES + 1)]}, "at most 36 classes"),
        ({"labels": "abc"}, "list of names"),
        ({"labels": None}, "list of names"),
        ({"labels": [7, "sun", "moon"]}, "must have a name"),
        ({"labels": ["sun", "moon"]}, "not labelled with one of its classes"),
        ({"name": ""}, "must have a name"),
        ({"name": 7}, "must have a name"),
    ],
)
def test_a_bad_alphabet_is_refused_in_one_sentence(change: dict[str, object], said: str) -> None:
    with pytest.raises(DrawingsError, match=r"^[A-Z].*\.$") as refused:
        read_set(runes(**change))
    assert said.removesuffix("; nothing was imported.") in str(refused.value)
    assert str(refused.value).endswith("; nothing was imported.")
