"""What a key means while Python is typed: whether a text goes on, how a line begins, what Tab completes.

`codeop` would say whether a text is complete, by compiling it; but deep nesting can end Python in the browser, and with
it the page. What is counted here needs no stack, and is the same in all versions of Python.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import takewhile

INDENT = "    "
#: A comment, the beginning of a string of several lines, a string, a bracket, or any other character.
_PART = re.compile(r"""#[^\n]*|(?P<long>\"{3}|'{3})|"(?:\\.|[^"\\\n])*"?|'(?:\\.|[^'\\\n])*'?|[()\[\]{}]|\S""", re.S)
_LONG_ENDS = {quotes: re.compile(rf"(?:\\.|[^\\])*?{quotes}", re.S) for quotes in ('"' * 3, "'" * 3)}


def goes_on(text: str) -> bool:
    """Whether Python waits for another line. A block goes on until an empty line ends it."""
    is_open, end = _scan(text)
    *before, last = text.split("\n")
    if is_open or last.endswith("\\"):
        return True
    if before and not last.strip():
        return False
    return end == ":" or last.startswith("@") or last[:1].isspace()


def next_indent(text: str) -> str:
    """What the line after `text` begins with."""
    last = text.rpartition("\n")[2]
    indent = last[: len(last) - len(last.lstrip())]
    return indent + INDENT if _scan(last) == (False, ":") else indent


def _scan(text: str) -> tuple[bool, str]:
    """Whether a bracket or a string of several lines is open at the end of a text, and its last part but comments."""
    at, depth, last = 0, 0, ""
    while part := _PART.search(text, at):
        at = part.end()
        if part[0].startswith("#"):
            continue
        last = part[0]
        if quotes := part["long"]:
            end = _LONG_ENDS[quotes].match(text, at)
            if end is None:
                return True, last
            at = end.end()
        elif last in "([{":
            depth += 1
        elif last in ")]}":
            depth -= 1
            if depth < 0:
                return False, last  # running it says what is wrong
    return depth > 0, last


def can_complete(text: str, cursor: int) -> bool:
    """Whether something stands right before the cursor that could be the beginning of a name."""
    before = text[max(0, cursor - 1) : cursor]
    return bool(before) and (before.isidentifier() or before.isdigit() or before in ".'\"[")


def completed(text: str, cursor: int, start: int, names: Sequence[str]) -> tuple[str, int]:
    """A text and its cursor with as much of a name as all of `names` have in common; there is at least one."""
    pairs = takewhile(lambda pair: pair[0] == pair[1], zip(min(names), max(names), strict=False))
    common = "".join(character for character, _ in pairs)
    if not text[start:cursor] or common.startswith(text[start:cursor]):
        return text[:start] + common + text[cursor:], start + len(common)
    return text, cursor
