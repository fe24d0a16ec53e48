"""What texts in the editor are called."""

from __future__ import annotations

import pytest

from tabgrad.ui.code.copies import Copy
from tabgrad.ui.code.titles import MAX_TITLE, OWN, own_title, titles_of

ORIGINAL = '"""An MLP."""\n\nclass Net:\n    def __init__(self): pass\n'


@pytest.mark.parametrize(
    ("source", "title"),
    [
        (ORIGINAL, ""),
        (ORIGINAL.replace("pass", "self.x = 1"), ""),
        ("", OWN),
        ("class Net: ...", OWN),
        ('"""A mixer.\n\nOf patches.\n"""\n', "A mixer"),
        ("'''A mixer'''", "A mixer"),
        ('""""""', OWN),
        ('"""', OWN),
        ('"""' + "x" * 50, "x" * (MAX_TITLE - 2) + " …"),
    ],
)
def test_a_text_is_called_after_its_example_while_it_is_one(source: str, title: str) -> None:
    assert own_title(source, ORIGINAL) == title
    assert own_title(source, None) == ""


def test_no_two_copies_have_the_same_title() -> None:
    third, other, second, first = titles_of(
        [Copy(name, base, "") for name, base in zip("dcba", ("mlp", "cnn", "mlp", "mlp"), strict=True)]
    )
    assert first.startswith("MLP, edited ")
    assert other.startswith("CNN, edited ")
    assert (second, third) == (f"{first} (2)", f"{first} (3)")
