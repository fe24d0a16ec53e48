"""What a text in the editor is called: after its example while it is one still, else by its own first words."""

from __future__ import annotations

import time
from collections.abc import Sequence

from .copies import LINK, Copy
from .examples import EXAMPLES

FROM_LINK = "From elsewhere"
OWN = "Your code"
#: A longer first line of a docstring is cut. Characters.
MAX_TITLE = 40
QUOTES = ('"""', "'''")


def own_title(source: str, original: str | None) -> str:
    """What a text is called that has become another network; empty while it has half of the lines of its `original`."""
    if original is None:  # it could not be fetched
        return ""
    before, now = (set(filter(None, map(str.strip, text.splitlines()))) for text in (original, source))
    return "" if 2 * len(before & now) >= len(before) else _first_words(source) or OWN


def _first_words(source: str) -> str:
    """The first line of a module's docstring, without the full stop."""
    text = source.lstrip()
    quote = next((quote for quote in QUOTES if text.startswith(quote)), None)
    if quote is None:
        return ""
    lines = text[len(quote) :].partition(quote)[0].strip().splitlines()
    words = lines[0].strip().rstrip(".") if lines else ""
    return words if len(words) <= MAX_TITLE else f"{words[: MAX_TITLE - 2].rstrip()} …"


def titles_of(copies: Sequence[Copy]) -> list[str]:
    """What the copies, the newest first, are called in the menu: no two of them the same."""
    counts, titles = dict[str, int](), list[str]()
    for copy in reversed(copies):
        title = _title(copy)
        counts[title] = number = counts.get(title, 0) + 1
        titles.append(title if number == 1 else f"{title} ({number})")
    return titles[::-1]


def _title(copy: Copy) -> str:
    base = FROM_LINK if copy.base == LINK else EXAMPLES.get(copy.base, copy.base)
    saved = time.localtime(copy.saved_s)
    return f"{copy.title or base}, edited {saved.tm_mday} {time.strftime('%b, %H:%M', saved)}"
