"""Labels on the page: in sentences, in the model picker, and how much room they need."""

from __future__ import annotations

from string import ascii_lowercase

from tabgrad.alphabet import DIGITS
from tabgrad.ui.widgets.labels import entry, entry_title, is_short, isolated, known, length, mismatch, pad_hint, size

SHAPES = ("circle", "square", "star")
LETTERS = tuple(ascii_lowercase)
FAMILY = "\N{MAN}\N{ZERO WIDTH JOINER}\N{WOMAN}\N{ZERO WIDTH JOINER}\N{GIRL}"
SHALOM = "שלום"


def seen(text: str) -> str:
    """With usual spaces."""
    return text.replace("\N{NO-BREAK SPACE}", " ")


def test_a_label_from_right_to_left_turns_nothing_else_of_a_sentence() -> None:
    assert isolated("star") == "star"
    assert isolated(SHALOM) == f"\N{FIRST STRONG ISOLATE}{SHALOM}\N{POP DIRECTIONAL ISOLATE}"
    assert SHALOM in known((SHALOM, "star"))
    assert known((SHALOM, "star")).count("\N{POP DIRECTIONAL ISOLATE}") == 1


def test_an_emoji_counts_once_however_it_is_made() -> None:
    assert [
        length(text) for text in ("a", "", "ab", FAMILY, "\N{THUMBS UP SIGN}\N{EMOJI MODIFIER FITZPATRICK TYPE-4}")
    ] == [
        *(1, 0, 2),
        *(1, 1),
    ]
    assert length("\N{HEAVY BLACK HEART}\N{VARIATION SELECTOR-16}") == 1
    assert is_short((*LETTERS, FAMILY))
    assert not is_short(SHAPES)


def test_longer_labels_are_set_smaller() -> None:
    texts = ("4", "", "W", FAMILY, "abc", "triangle", "rectangle", "x" * 24)
    assert [size(text) for text in texts] == ["digit", "digit", "wide", "wide", "short", "word", "long", "long"]


def test_the_picker_says_what_a_network_knows_unless_that_is_the_digits() -> None:
    assert entry("Run 3", DIGITS) == "Run 3"
    for labels in (DIGITS, SHAPES, ("a · b", "c")):
        assert entry_title(entry("Run 3: a · b", labels)) == "Run 3: a · b"
    assert seen(entry("Run 3", SHAPES)) == "Run 3 · circle, square and star"
    assert seen(entry("Run 3", LETTERS)) == "Run 3 · a, b, c, d, e … z (26 classes)"
    many = tuple(f"{letter} and a long name" for letter in ascii_lowercase)
    assert seen(entry("Run 3", many)) == "Run 3 · a and a long name … z and a long name (26 classes)"


def test_a_network_that_meets_data_of_another_alphabet_says_what_both_are() -> None:
    knows = "This network knows circle, square and star; the data"
    assert mismatch(SHAPES, DIGITS) == f"{knows} shows 0 to 9."
    other = (*LETTERS[:11], "L", *LETTERS[12:])
    assert mismatch(LETTERS, other) == "This network knows l (class 12); the data shows L (class 12)."
    assert mismatch(SHAPES, DIGITS, "MNIST") == f"{knows} “MNIST” shows 0 to 9."


def test_the_empty_pad_says_what_to_draw() -> None:
    assert pad_hint(DIGITS) == "0\N{EN DASH}9"
    assert pad_hint(SHAPES) == "circle · square · star"
    assert pad_hint(LETTERS) == "a … z"
