"""What a tab keeps of its editor over a reload: its form in the tab's storage, which may hold anything."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from typing import get_type_hints

from tabgrad.incoming import fits, read_json

#: The undo history is kept up to this size: browsers have about 5 MB for a tab. Characters.
MAX_HISTORY = 1_000_000


@dataclass(frozen=True, slots=True)
class TabMemory:
    """The `source`, and the `editor`'s own record of it, with the undo history.

    `base` and `original` are its document's; `id` and `version` those of its copy, and `id` is empty if it has none.
    `saved` says whether the copy has all of the source.
    """

    base: str
    original: str
    source: str
    editor: str
    id: str
    version: int
    saved: bool
    unread: bool


def dumps(memory: TabMemory) -> str:
    """As text for `loads`."""
    kept = memory if len(memory.editor) <= MAX_HISTORY else replace(memory, editor="")
    return json.dumps(asdict(kept))


def loads(text: str) -> TabMemory | None:
    """What `dumps` has made; None for anything else."""
    try:
        values = read_json(text)
    except ValueError:
        return None
    hints = get_type_hints(TabMemory)
    if not isinstance(values, dict) or values.keys() != hints.keys():
        return None
    return TabMemory(**values) if all(fits(values[name], hint) for name, hint in hints.items()) else None
