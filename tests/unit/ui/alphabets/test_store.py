"""Alphabets are not lost when the browser's storage is full, damaged, refused or shared by tabs."""

from __future__ import annotations

import pytest

from tabgrad.data.drawings import DrawingSet, read_set
from tabgrad.data.sets import load_head
from tabgrad.storage import keys
from tabgrad.ui.alphabets.store import UNREADABLE
from tests.unit.ui.alphabets.alphabet_parts import Tab, drawing, shape
from tests.unit.ui.train.train_stores import FakeStorage

FULL = "The browser's storage for this page is full."


def stored(storage: FakeStorage) -> dict[str, list[float]]:
    """The one alphabet in a storage."""
    (content,) = (value for key, value in storage.items() if key.endswith("/drawings"))
    return shape(read_set(content))


def test_an_alphabet_is_there_on_the_next_visit() -> None:
    tab = Tab().begin("sun", "moon")
    tab.keep(0, 1, 2)
    tab.keep(1, 3)
    again = Tab(tab.storage)
    again.go(again.controller.load(tab.store.open_id))
    assert again.shape() == {"sun": [1, 2], "moon": [3]}
    (listed,) = again.store.listed
    assert (listed.name, listed.classes, listed.drawings, listed.damaged) == ("Runes", 2, 3, False)
    assert tab.asked == ["persist"]


def test_the_head_of_a_set_follows_its_drawings_and_comes_with_the_second_class() -> None:
    tab = Tab().begin("sun")
    head = keys.set_head(tab.store.open_id)
    assert head not in tab.storage
    other = Tab(tab.storage)
    other.go(other.controller.load())
    assert [one.name for one in other.store.listed] == ["Runes"]
    tab.go(tab.editing.add_class("moon"), tab.editing.rename("Signs"))
    tab.keep(1, 1)
    found = load_head(tab.storage[head])
    assert (found.id, found.name, found.labels, found.samples) == (tab.store.open_id, "Signs", ("sun", "moon"), 1)
    tab.go(tab.editing.remove_class(0))
    assert head not in tab.storage


def test_when_storage_is_full_drawings_stay_and_are_stored_later() -> None:
    tab = Tab().begin("sun", "moon")
    tab.storage.fault = FULL
    tab.keep(0, 1, 2)
    assert tab.shape() == {"sun": [1, 2], "moon": []}
    assert tab.pad.ink.is_empty
    assert tab.store.fault == f"{FULL} Your drawings stay until this tab closes; export them to keep them."
    tab.go(tab.controller.close())
    assert [one.drawings for one in tab.store.listed] == [2]
    tab.storage.fault = ""
    tab.go(tab.controller.open(tab.opened[0]))
    assert tab.shape() == {"sun": [1, 2], "moon": []}
    tab.keep(1, 3)
    assert stored(tab.storage) == {"sun": [1, 2], "moon": [3]}
    assert tab.store.fault == ""


def test_an_alphabet_can_be_drawn_without_storage() -> None:
    storage = FakeStorage()
    storage.fault = "The browser does not let this page store anything."
    tab = Tab(storage)
    assert "export it before you leave" in tab.go(tab.controller.load())
    tab.begin("sun", "moon")
    tab.keep(0, 1)
    assert "export them" in tab.store.fault
    set_id = tab.store.open_id
    tab.go(tab.controller.close(), tab.controller.open(set_id))
    assert tab.shape() == {"sun": [1], "moon": []}


@pytest.mark.parametrize("content", [b"{damaged", b'{"format":"tabgrad-drawings","version":3}'])
def test_one_that_cannot_be_read_is_listed_exported_and_removed_only_when_asked(content: bytes) -> None:
    storage = FakeStorage({keys.set_drawings("set-0123456789abcdef"): content})
    tab = Tab(storage)
    tab.go(tab.controller.load("set-0123456789abcdef"))
    assert tab.controller.said == UNREADABLE
    (listed,) = tab.store.listed
    assert listed.damaged
    assert tab.go(tab.controller.open(listed.id)) == UNREADABLE
    assert tab.store.found is None
    tab.begin("sun")
    assert keys.set_drawings(listed.id) in storage
    tab.controller.ask(listed)
    tab.go(tab.controller.remove())
    assert keys.set_drawings(listed.id) not in storage


def test_one_that_is_damaged_while_it_is_open_is_put_aside() -> None:
    tab = Tab().begin("sun")
    key = keys.set_drawings(tab.store.open_id)
    tab.storage[key] = b"{damaged"
    tab.keep(0, 1)
    assert stored(tab.storage) == {"sun": [1]}
    assert tab.storage[keys.put_aside(key, 1)] == b"{damaged"


def test_a_damaged_head_is_made_again() -> None:
    tab = Tab().begin("sun", "moon")
    head = keys.set_head(tab.store.open_id)
    whole, tab.storage[head] = tab.storage[head], b"{"
    other = Tab(tab.storage)
    other.go(other.controller.load())
    assert [one.name for one in other.store.listed] == ["Runes"]
    assert tab.storage[head] == whole


def test_two_tabs_draw_for_one_alphabet_and_undo_only_what_is_theirs() -> None:
    mine = Tab().begin("sun", "moon")
    theirs = Tab(mine.storage)
    theirs.go(theirs.controller.load(mine.store.open_id))
    mine.keep(0, 1)
    theirs.keep(1, 2)
    assert theirs.shape() == {"sun": [1], "moon": [2]}
    mine.keep(0, 3)
    assert mine.shape() == {"sun": [1, 3], "moon": [2]}
    mine.go(mine.editing.undo(), mine.editing.undo())
    assert mine.shape() == {"sun": [], "moon": [2]}
    theirs.go(theirs.editing.undo())
    assert stored(mine.storage) == {"sun": [], "moon": []}


def test_one_that_another_tab_removes_comes_back_with_the_next_drawing() -> None:
    mine = Tab().begin("sun", "moon")
    mine.keep(0, 1)
    other = Tab(mine.storage)
    other.go(other.controller.load())
    other.controller.ask(other.store.listed[0])
    other.go(other.controller.remove())
    assert not any(key.startswith(keys.SETS_PREFIX) for key in mine.storage)
    mine.keep(0, 2)
    assert stored(mine.storage) == {"sun": [1, 2], "moon": []}


def test_export_removal_and_import_give_the_same_alphabet() -> None:
    tab = Tab().begin("sun", "\N{GRINNING FACE}", "<b>moon</b>")
    tab.keep(2, 1, 2)
    content = tab.storage[keys.set_drawings(tab.store.open_id)]
    tab.controller.ask(tab.store.listed[0])
    tab.go(tab.controller.remove())
    assert tab.store.listed == []
    assert tab.go(tab.controller.import_file(content)) == "Imported 2 drawings."
    assert tab.storage[keys.set_drawings(tab.store.open_id)] == content


def test_drawings_are_scaled_to_the_pad_in_every_file() -> None:
    small = DrawingSet("Small", ("a", "b"), (drawing(0, 10),))
    tab = Tab()
    tab.go(tab.controller.create("Small", small))
    assert read_set(tab.storage[keys.set_drawings(tab.store.open_id)]).drawings[0].size == 280
