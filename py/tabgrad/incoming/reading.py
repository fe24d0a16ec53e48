"""The only place that parses JSON which was not made on this page a moment ago.

Python's parser calls itself for every level of nesting. In CPython too many levels are a RecursionError; in the browser
they use up the C stack, which ends Python for good. Nesting and size are therefore measured before it is called, with
operations on whole byte strings: 64 MB take less time than the parser itself.
"""

from __future__ import annotations

import json
import re
from typing import Any, NoReturn

#: Levels of lists and objects. The deepest format, drawings, has 6.
MAX_DEPTH = 32
#: Bytes of text, and values in it (numbers, strings, lists, …). More would not fit into a tab's memory.
MAX_BYTES, MAX_VALUES = 64 << 20, 8_000_000
#: A string; the closing quote is missing where the text breaks off. Possessive, so that no text takes long.
_STRING = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"?', re.DOTALL)
#: Outside of strings: brackets become [ and ], digits 0, and the E of an exponent is small.
_SIMPLER = bytes.maketrans(b"{}123456789E", b"[]000000000e")
_NOT_BRACKETS = bytes(set(range(256)) - set(b"[]"))
#: With fewer than 100 digits, and exponents below 100, no number overflows.
_HUGE = (b"0" * 100, b"e000", b"e+000")
#: A character that needs two \u sequences, as JSON writes it; half of one cannot be encoded again.
_PAIR = re.compile(rb"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}")
_HALF = re.compile(rb"\\u[dD][89a-fA-F]")


def read_json(text: str | bytes, *, finite: bool = True, max_bytes: int = MAX_BYTES) -> Any:
    """Parse `text`. Raises ValueError, and nothing else, for anything that is not plain JSON in UTF-8.

    Refused as well: a byte order mark, a name twice in an object, half of a surrogate pair, more than `MAX_DEPTH`
    levels, numbers that overflow, and NaN and Infinity, which JSON does not have but Python writes; `finite=False`
    allows those two.
    """
    data = text.encode() if isinstance(text, str) else bytes(text)
    if len(data) > max_bytes:
        raise ValueError("The text is too long.")
    _check(data)
    constant = _not_finite if finite else None
    return json.loads(data.decode(), parse_constant=constant, object_pairs_hook=_object)


def _check(data: bytes) -> None:
    """Raises ValueError for what the parser must not be given."""
    if data.count(b'"') > MAX_VALUES:
        raise ValueError("The text has too many strings.")
    plain = _STRING.sub(b"", data).translate(_SIMPLER)
    if plain.count(b",") + plain.count(b"[") > MAX_VALUES:
        raise ValueError("The text has too many values.")
    if any(digits in plain for digits in _HUGE):
        raise ValueError("The text has a number that is too large.")
    brackets = plain.translate(None, _NOT_BRACKETS)
    for _ in range(MAX_DEPTH):
        before = len(brackets)
        if 2 * brackets.count(b"[") != before:
            break  # not each one that opens is closed
        brackets = brackets.replace(b"[]", b"")  # the innermost level
        if len(brackets) == before:
            break
    if brackets:
        raise ValueError("The text is nested too deep, or breaks off.")
    if b"\\ud" in data or b"\\uD" in data:
        single = data.replace(b"\\\\", b"")
        if _HALF.search(_PAIR.sub(b"", single)):
            raise ValueError("The text has half of a character.")


def _not_finite(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON.")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("An object has a name twice.")
    return found
