"""The visitor's own drawings as an option of the field "data". Knows their file; where it is stored is the store's."""

from __future__ import annotations


def own_data_option(content: bytes | None) -> tuple[str, bool]:
    """The option's title, and whether it can be chosen, for the file of drawings, None if there is none.

    Too few drawings can be chosen, too: a run that cannot begin says how many more it takes, and where to draw them.
    """
    if not content:
        return "Your own (none kept)", False
    from tabgrad.data.drawings import DrawingsError, loads  # only now: most visitors have none

    try:
        count = len(loads(content))
    except DrawingsError:
        return "Your own (damaged)", False
    if not count:
        return own_data_option(None)
    return f"Your own ({count})", True
