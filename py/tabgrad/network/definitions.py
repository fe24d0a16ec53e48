"""What a source defines at its top, read from its text. Never runs it."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import TYPE_CHECKING

from .source import mentions

if TYPE_CHECKING:
    import ast


@lru_cache(maxsize=64)
def own_optimizer(source: str) -> str | None:
    """What the source's own optimizer is called: the class that `optimizer` returns, or "" where the text does not say.

    None if it has none.
    """
    if not mentions(source, "optimizer"):
        return None
    import ast  # only now: few visitors write one

    try:
        body = ast.parse(source).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    found = None
    for statement in _at_top(body):
        if isinstance(statement, ast.FunctionDef) and statement.name == "optimizer":
            returned = [node.value for node in ast.walk(statement) if isinstance(node, ast.Return)]
            found = _called(returned[-1]) if returned else ""
        elif isinstance(statement, ast.Assign) and any(_is_optimizer(target) for target in statement.targets):
            value = statement.value
            found = _called(value.body if isinstance(value, ast.Lambda) else value, called=False)
        elif isinstance(statement, (ast.Import, ast.ImportFrom)) and any(
            (alias.asname or alias.name) == "optimizer" for alias in statement.names
        ):
            found = ""
    return found


def _at_top(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """The statements of a module, also those under an `if`, a `try` or a `with`."""
    for statement in body:
        yield statement
        if not hasattr(statement, "name"):  # what is inside a function or a class is its own
            for part in ("body", "orelse", "finalbody"):
                yield from _at_top(getattr(statement, part, []))


def _is_optimizer(target: ast.expr) -> bool:
    return getattr(target, "id", "") == "optimizer"


def _called(value: ast.expr | None, *, called: bool = True) -> str:
    """The last name of what is called: "Lion" of `optim.Lion(parameters)`; "" for anything else.

    With `called` False, of a plain name, too: that of a function which is assigned.
    """
    function = getattr(value, "func", None if called else value)
    name = str(getattr(function, "attr", "") or getattr(function, "id", ""))
    return name if name[:1].isupper() else ""
