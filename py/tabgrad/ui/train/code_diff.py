"""What has changed from one source to another, line by line. Knows no document."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple

#: To compare longer sources would keep the page busy for too long. Lines.
MAX_LINES = 2_000
#: Lines around a change that are shown, too.
CONTEXT = 3
SAME = "Both runs have the same code."
TOO_LONG = f"One of the two has more than {MAX_LINES:,} lines, which is too long to compare."


class DiffLine(NamedTuple):
    """A line of both sources (" "), of the new one ("+") or the old one ("-"), or where lines were left out ("@")."""

    mark: Literal[" ", "+", "-", "@"]
    text: str


def compared(old: str, new: str) -> Sequence[DiffLine] | str:
    """The changed lines with those around them, or a sentence if there is nothing to show."""
    before, after = old.splitlines(), new.splitlines()
    if before == after:
        return SAME
    if max(len(before), len(after)) > MAX_LINES:
        return TOO_LONG
    from difflib import SequenceMatcher  # only now: few visitors compare

    lines = list[DiffLine]()
    for group in SequenceMatcher(None, before, after).get_grouped_opcodes(CONTEXT):
        lines.append(DiffLine("@", f"Line {group[0][3] + 1}"))
        for kind, i1, i2, j1, j2 in group:
            if kind == "equal":
                lines += [DiffLine(" ", text) for text in after[j1:j2]]
            else:
                lines += [DiffLine("-", text) for text in before[i1:i2]]
                lines += [DiffLine("+", text) for text in after[j1:j2]]
    return lines
