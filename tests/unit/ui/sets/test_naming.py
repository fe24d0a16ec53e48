"""Names for the classes of files that know only numbers: written one by one, or pasted as a list."""

from __future__ import annotations

import pytest

from tabgrad.ui.sets.naming import Names, split_list

NUMBERS = ("0", "1", "2")
CLOTHES = ["T-shirt/top", "Trouser", "Ankle boot"]


def test_a_class_keeps_its_name_while_the_files_are_read_otherwise() -> None:
    names = Names()
    names.write("1", " Trouser ")
    assert [names.text(label) for label in NUMBERS] == ["0", " Trouser ", "2"]
    assert names.all(NUMBERS) == ("0", "Trouser", "2")
    assert names.all(("a", "b")) == ("a", "b")  # a guess was switched
    assert names.all(NUMBERS) == ("0", "Trouser", "2")  # and back
    names.write("1", "1")
    assert names.all(NUMBERS) == NUMBERS


def test_of_two_equal_names_the_later_one_is_at_fault() -> None:
    names = Names()
    names.write("2", "0")
    assert names.faults(NUMBERS) == {"2": "Another class is called '0', too: give each its own name."}
    names.write("0", "2 ")
    assert names.faults(NUMBERS) == {}  # they have changed places
    assert names.all(NUMBERS) == ("2", "1", "0")
    names.write("1", "2")
    names.write("0", "2")
    assert list(names.faults(NUMBERS)) == ["0"]


@pytest.mark.parametrize(("name", "said"), [(" \u202e ", "that one can see"), ("x" * 25, "at most 24 characters")])
def test_a_name_that_cannot_be_is_said_at_its_field(name: str, said: str) -> None:
    names = Names()
    names.write("1", name)
    assert list(names.faults(NUMBERS)) == ["1"]
    assert said in names.faults(NUMBERS)["1"]


@pytest.mark.parametrize(
    "text",
    [
        "T-shirt/top,Trouser,Ankle boot",
        "T-shirt/top\tTrouser\tAnkle boot",
        "T-shirt/top; Trouser; Ankle boot;",
        "T-shirt/top\r\nTrouser\r\n\r\nAnkle boot\r\n",
        "T-shirt/top、Trouser、Ankle boot",
        "['T-shirt/top', 'Trouser', 'Ankle boot']",
        '[\n  "T-shirt/top",\n  "Trouser",\n  "Ankle boot",\n]',
        "Label\tDescription\n0\tT-shirt/top\n1\tTrouser\n9\tAnkle boot",
        "0. T-shirt/top\n1. Trouser\n2. Ankle boot",
    ],
)
def test_a_list_names_all_classes(text: str) -> None:
    assert split_list(text) == CLOTHES
    names = Names()
    assert names.paste(NUMBERS, 0, text)
    assert names.all(NUMBERS) == tuple(CLOTHES)


def test_what_is_no_list_is_pasted_as_text_and_one_that_is_too_long_changes_nothing() -> None:
    names = Names()
    assert not names.paste(NUMBERS, 0, "Trouser")
    assert not names.paste(NUMBERS, 0, " \n")
    assert names.paste(NUMBERS, 0, "a,b,c,d")
    assert names.refused == {"0": "This list has 4 names, but there are only 3 from here on: nothing was changed."}
    assert names.faults(NUMBERS) == {}
    assert names.all(NUMBERS) == NUMBERS
    assert names.paste(NUMBERS, 1, "b,c")
    assert (names.refused, names.all(NUMBERS)) == ({}, ("0", "b", "c"))
