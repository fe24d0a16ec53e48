"""What the tab Code shows: plain data, no document."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from ..compiler import Compiled, SourceProblem

#: `documentElement.dataset.code`.
Status = Literal["none", "loading", "ready", "compiling", "compiled", "failed"]


@dataclass
class CodeState:
    """`examples`, `copies` and `chosen` are the menu's: titles by value. `message` is the status line.

    `compiled` is what came of the text as it is now.
    `is_edited`: the text is not the original. `can_undo_reset`: it is, because the visitor has just gone back to it.
    `unread`: the code came with a link, and nobody has said yet that it may run. Without `can_compile` nothing can.
    """

    status: Status = "none"
    examples: Mapping[str, str] = field(default_factory=dict)
    copies: Mapping[str, str] = field(default_factory=dict)
    chosen: str = ""
    is_edited: bool = False
    can_undo_reset: bool = False
    unread: bool = False
    can_compile: bool = False
    message: str = ""
    is_error: bool = False
    problem: SourceProblem | None = None
    compiled: Compiled | None = None
