"""What has changed from one source to another."""

from __future__ import annotations

import difflib

from hypothesis import given
from hypothesis import strategies as st

from tabgrad.ui.train.code_diff import CONTEXT, MAX_LINES, SAME, TOO_LONG, DiffLine, compared

LINES = st.lists(st.sampled_from(["a", "b", " c", "+d", ""]), max_size=30)


@given(LINES, LINES)
def test_it_is_the_unified_diff(before: list[str], after: list[str]) -> None:
    found = compared("\n".join(before), "\n".join(after))
    old, new = ("\n".join(lines).splitlines() for lines in (before, after))
    if old == new:
        assert found == SAME
        return
    meant = list(difflib.unified_diff(old, new, lineterm="", n=CONTEXT))[2:]
    assert not isinstance(found, str)
    shown = [line.mark if line.mark == "@" else line.mark + line.text for line in found]
    assert shown == ["@" if line.startswith("@@") else line for line in meant]


def test_changed_lines_stand_among_their_neighbours() -> None:
    old = "\n".join(f"{i}" for i in range(20))
    assert compared(old, old.replace("\n10\n", "\nten\n")) == [
        DiffLine("@", "Line 8"),
        *(DiffLine(" ", text) for text in ("7", "8", "9")),
        DiffLine("-", "10"),
        DiffLine("+", "ten"),
        *(DiffLine(" ", text) for text in ("11", "12", "13")),
    ]


def test_what_would_take_too_long_is_not_compared() -> None:
    assert compared("a", "a\n" * (MAX_LINES + 1)) == TOO_LONG
    assert compared("a\n" * (MAX_LINES + 1), "a\n" * (MAX_LINES + 1)) == SAME
