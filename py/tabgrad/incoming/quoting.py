"""How a sentence quotes what stands in a file, a message or an address."""

from __future__ import annotations

#: Characters of a quotation.
MAX_QUOTED = 60
_KINDS = {type(None): "null", list: "a list", tuple: "a list", dict: "an object"}


def quoted(value: object, most: int = MAX_QUOTED) -> str:
    """`value` as it may stand in a sentence: at most `most` characters of a text, in quotes and on one line.

    Numbers stand as they are; of lists and objects only the kind is named.
    """
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int):
        return str(value) if abs(value) < 10**20 else "a very large number"
    if isinstance(value, float):
        return f"{value:g}"
    if not isinstance(value, str):
        return _KINDS.get(type(value), "something else")
    text = value if len(value) <= most else value[: most - 1] + "…"
    return "'" + "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text) + "'"


def unexpected(error: BaseException) -> str:
    """An error that nobody foresaw, as it may stand in a sentence: its kind, and the beginning of what it says."""
    return f"{type(error).__name__}: {' '.join(str(error).split())[:MAX_QUOTED]}".removesuffix(": ")
