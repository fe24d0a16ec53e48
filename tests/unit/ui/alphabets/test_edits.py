"""Changes of an alphabet, and two tabs that change the same one."""

from __future__ import annotations

import pytest

from tabgrad.alphabet import MAX_CLASSES, AlphabetError
from tabgrad.data.drawings import MAX_DRAWINGS, DrawingsError, DrawingSet
from tabgrad.ui.alphabets import edits
from tests.unit.ui.alphabets.alphabet_parts import drawing, shape

RUNES = DrawingSet("Runes", ("sun", "moon"), (drawing(0, 1), drawing(1, 2), drawing(0, 3)))


def test_classes_are_added_renamed_and_removed_with_their_drawings() -> None:
    assert shape(edits.with_class(RUNES, " star ")) == {"sun": [1, 3], "moon": [2], "star": []}
    assert shape(edits.with_class_renamed(RUNES, 1, "\N{GRINNING FACE}")) == {"sun": [1, 3], "\N{GRINNING FACE}": [2]}
    assert shape(edits.without_class(RUNES, 0)) == {"moon": [2]}


def test_drawings_are_added_moved_and_removed_in_place() -> None:
    first = RUNES.drawings[0]
    assert shape(edits.with_drawing(RUNES, drawing(1, 4))) == {"sun": [1, 3], "moon": [2, 4]}
    assert shape(edits.with_drawing_moved(RUNES, first, 1)) == {"sun": [3], "moon": [1, 2]}
    assert shape(edits.without_drawing(RUNES, first)) == {"sun": [3], "moon": [2]}


def test_a_file_adds_what_is_not_there_whatever_the_order_of_its_classes() -> None:
    file = DrawingSet("Others", ("moon", "sun"), (drawing(0, 2), drawing(0, 5), drawing(1, 6)))
    assert shape(edits.with_file(RUNES, file)) == {"sun": [1, 3, 6], "moon": [2, 5]}


@pytest.mark.parametrize("name", ["moon", " ", "x" * 25, "\N{RIGHT-TO-LEFT OVERRIDE}", " moon\N{ZERO WIDTH SPACE}"])
def test_a_name_that_cannot_be_changes_nothing(name: str) -> None:
    for change in (lambda: edits.with_class(RUNES, name), lambda: edits.with_class_renamed(RUNES, 0, name)):
        with pytest.raises(AlphabetError, match=r"^[A-Z].*\.$"):
            change()


def test_there_are_limits() -> None:
    full = DrawingSet("Full", tuple(f"{n}" for n in range(MAX_CLASSES)))
    with pytest.raises(AlphabetError, match="at most 36 classes"):
        edits.with_class(full, "one more")
    many = DrawingSet("Many", ("a", "b"), (drawing(0),) * MAX_DRAWINGS)
    with pytest.raises(DrawingsError, match="At most 10,000 drawings can be kept, so nothing was added"):
        edits.with_drawing(many, drawing(1))


def test_what_two_tabs_have_changed_is_all_there() -> None:
    first, second, _ = RUNES.drawings
    mine = edits.with_drawing(edits.without_drawing(RUNES, first), drawing(1, 4))
    theirs = edits.with_class(edits.with_drawing(RUNES, drawing(0, 5)), "star")
    assert shape(edits.merged(RUNES, mine, theirs)) == {"sun": [3, 5], "moon": [2, 4], "star": []}
    moved = edits.with_drawing_moved(RUNES, second, 0)
    assert shape(edits.merged(RUNES, moved, theirs)) == {"sun": [1, 3, 5, 2], "moon": [], "star": []}
    assert edits.merged(RUNES, DrawingSet("New", RUNES.labels, RUNES.drawings), theirs).name == "New"


def test_two_tabs_that_change_classes() -> None:
    renamed = edits.with_class_renamed(RUNES, 0, "day")
    drawn = edits.with_drawing(RUNES, drawing(0, 5))
    assert shape(edits.merged(RUNES, renamed, drawn)) == {"day": [1, 3, 5], "moon": [2]}
    removed = edits.without_class(RUNES, 0)
    assert shape(edits.merged(RUNES, removed, drawn)) == {"sun": [5], "moon": [2]}  # somebody still draws for it
    assert shape(edits.merged(RUNES, removed, edits.with_drawing(RUNES, drawing(1, 6)))) == {"moon": [2, 6]}
    both = edits.merged(RUNES, edits.with_class(RUNES, "star"), edits.with_class(RUNES, "star"))
    assert both.labels == ("sun", "moon", "star")
    many = DrawingSet("Runes", tuple(f"{n}" for n in range(MAX_CLASSES)))
    full = edits.merged(RUNES, edits.with_class(RUNES, "star"), many)
    assert len(full.labels) == MAX_CLASSES
