"""What a label can be, and how many there are."""

from __future__ import annotations

from typing import Any

import pytest

from tabgrad.alphabet import (
    DIGITS,
    MAX_CLASSES,
    MAX_LABEL,
    AlphabetError,
    check_labels,
    compared,
    listed,
    numbered,
    shortened,
)


@pytest.mark.parametrize(
    ("given", "label"),
    [
        ("  cat ", "cat"),
        ("two\n words", "two words"),
        ("e\N{COMBINING ACUTE ACCENT}", "é"),
        ("\N{RIGHT-TO-LEFT OVERRIDE}abc", "abc"),
        ("א", "א"),
        ("<b>", "<b>"),
        ("\N{WOMAN}\N{ZERO WIDTH JOINER}\N{ROCKET}", "\N{WOMAN}\N{ZERO WIDTH JOINER}\N{ROCKET}"),
        ("x" * MAX_LABEL, "x" * MAX_LABEL),
    ],
)
def test_a_name_becomes_a_label(given: str, label: str) -> None:
    assert check_labels([given, "other"]) == (label, "other")


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ([], "at least 2 classes to tell apart; here there are none"),
        (["a"], "at least 2 classes to tell apart; here there is one"),
        ([f"{i}" for i in range(MAX_CLASSES + 1)], "at most 36"),
        (["a", " a"], "Two classes are called 'a'"),
        (["a", ""], "name that one can see"),
        (["a", "\N{ZERO WIDTH SPACE}"], "name that one can see"),
        (["a", "x" * (MAX_LABEL + 1)], "too long"),
        (["a", "x" * 10_000_000], "too long"),
        (["a", 3], "must have a name"),
        ("ab", "list of names"),
        (None, "list of names"),
        ({"a": 1, "b": 2}, "list of names"),
    ],
)
def test_what_is_no_alphabet_is_refused_in_a_sentence(given: Any, says: str) -> None:
    with pytest.raises(AlphabetError, match=says) as error:
        check_labels(given)
    assert len(str(error.value)) < 170


def test_capital_and_small_letters_are_two_classes() -> None:
    assert check_labels(["a", "A"]) == ("a", "A")


def test_two_alphabets_show_how_they_differ() -> None:
    letters = tuple("abcdefghijk")
    assert compared(DIGITS, ("a", "b")) == ("0 to 9", "a and b")
    assert compared(letters, (*letters[:7], "H", *letters[8:])) == ("h (class 8)", "H (class 8)")


def test_classes_without_names_are_no_digits() -> None:
    assert check_labels(numbered(3)) == numbered(3) == ("class 1", "class 2", "class 3")


def test_an_alphabet_in_a_few_words() -> None:
    assert listed(DIGITS) == "0 to 9"
    assert listed(("a", "b")) == "a and b"
    assert listed(tuple("abcdefgh")) == "a, b, c, d, e \N{HORIZONTAL ELLIPSIS} h (8 classes)"


def test_long_names_are_shortened_and_stay_different() -> None:
    names = [c * 40 for c in "ab"] + ["a" * 39 + "b", "a" * 23 + "\u2026", " cat ", "cat", "e\u0301" * 24, "\u200bdog"]
    found = shortened(names)
    assert list(found) == names
    assert check_labels(sorted(set(found.values()))) == tuple(sorted(set(found.values())))
    assert found[" cat "] == found["cat"] == "cat"
    assert found["e\u0301" * 24] == "\u00e9" * 24
    assert found["\u200bdog"] == "dog"
    # What is that long already keeps its name; the two others come in their order.
    assert found["a" * 23 + "\u2026"] == "a" * 23 + "\u2026"
    assert [found["a" * 40], found["a" * 39 + "b"]] == ["a" * 22 + "\u20262", "a" * 22 + "\u20263"]
    assert shortened(reversed(names)) == found
    assert len(shortened(["x" * 10_000_000])["x" * 10_000_000]) == MAX_LABEL
    with pytest.raises(AlphabetError, match="one can see"):
        shortened(["a", "\u200b"])
