"""Whether a value that JSON gave has the type that a dataclass or a table asks for."""

from __future__ import annotations

import math
from typing import Any, get_args, get_origin

#: Whole numbers of this size or more are refused: NumPy and the browser count in 64 bits, exactly only up to 2^53.
MAX_INTEGER = 1 << 53


def fits(value: Any, hint: Any) -> bool:
    """Whether `value` has the type `hint`: bool, int, float, str, list[...], dict, dict[str, ...] or Any.

    Stricter than Python: a bool is no number, and an int is one only up to 2^53. An int is also a float.
    """
    if hint is Any:
        return True
    if get_origin(hint) is list:
        of = get_args(hint)[0]
        return isinstance(value, list) and all(fits(item, of) for item in value)
    if get_origin(hint) is dict:
        of = get_args(hint)[1]
        return isinstance(value, dict) and all(fits(item, of) for item in value.values())
    if hint is float:
        return isinstance(value, float) or fits(value, int)
    if hint is int:
        return type(value) is int and abs(value) <= MAX_INTEGER
    return isinstance(value, hint)


def is_finite(value: Any) -> bool:
    """Whether `value` is a number that is neither NaN nor infinite."""
    return fits(value, float) and math.isfinite(value)
