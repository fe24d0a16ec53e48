"""The visitor's own drawings in the data picker: whether there are any to learn from, and what the option says.

Knows their file; where it is kept is the storage's affair.
"""

from __future__ import annotations


def own_option(content: bytes | None) -> tuple[str, bool]:
    """The option's title, and whether it can be chosen, for the file of drawings, None if there is none.

    Too few drawings can be chosen all the same: a run that cannot begin says how many more it takes, and where to
    make them.
    """
    if not content:
        return "Your own (none kept)", False
    from tabgrad.data.drawings import DrawingsError, loads  # only now: most visitors have none

    try:
        count = len(loads(content))
    except DrawingsError:
        return "Your own (damaged)", False
    if not count:
        return own_option(None)
    return f"Your own ({count})", True
