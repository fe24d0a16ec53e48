"""Runs the text of a source as a module, and finds in it at which line a name or a tensor is made.

Whatever the source raises becomes a `SourceError` (`mistakes`), also SystemExit. An endless loop cannot be seen from
here: whoever runs a source in a worker ends the worker.
"""

from __future__ import annotations

import ast
import io
import linecache
import random
import re
import sys
import types
from collections.abc import Callable, Iterator
from contextlib import redirect_stdout
from typing import Any, TextIO

import numpy as np

from tabgrad.network import BYTE_ORDER_MARK, SourceError, check_source

from .mistakes import FILE_NAME, explained, kind_of
from .restoring import unharmed

#: What `inspect` calls the module of a source.
MODULE = "net"
#: Calls within calls that a source may make, tinygrad's own included.
MAX_DEPTH = 350
#: Characters that one use of a source may print.
MAX_PRINTED = 5_000
#: How the random numbers of NumPy and Python are read, set and seeded, whatever a source makes of these names.
_GENERATORS: tuple[tuple[Callable[[], Any], Callable[[Any], None], Callable[[int], None]], ...] = (
    (np.random.get_state, np.random.set_state, np.random.seed),
    (random.getstate, random.setstate, random.seed),
)


def line_of(source: str, *names: str) -> int:
    """The line at which a source defines the first of `names` that it has, such as "Net.__call__"; else 0."""
    lines = _lines(_parsed(source))
    return next((lines[name] for name in names if name in lines), 0)


def line_of_tensor(source: str, name: str) -> int:
    """The line of `Net` that puts a tensor, or what holds it, where it is: of self.l for "l.weight"."""
    found, longest = line_of(source, "Net.__init__", "Net"), 0
    nets = [node for node in _parsed(source).body if isinstance(node, ast.ClassDef) and node.name == "Net"]
    for node in (inner for net in nets for inner in ast.walk(net)):
        if isinstance(node, ast.Attribute | ast.Subscript) and isinstance(node.ctx, ast.Store):
            path = re.sub(r"\[['\"]?(\w+)['\"]?\]", r".\1", ast.unparse(node))
            if f"self.{name}.".startswith(f"{path}.") and len(path) > longest:
                found, longest = node.lineno, len(path)
    return found


class Module:
    """A source that has been run. `names` are those it defines. The constructor raises SourceError."""

    def __init__(self, source: str) -> None:
        check_source(source)
        source = source.removeprefix(BYTE_ORDER_MARK)
        self.source = source
        self._tree = _parsed(source)
        self._lines = _lines(self._tree)
        module = types.ModuleType(MODULE)
        module.__file__ = FILE_NAME
        linecache.cache[FILE_NAME] = (len(source), None, source.splitlines(keepends=True), FILE_NAME)
        sys.modules[MODULE] = module  # dataclasses and inspect look there
        with explained("The code"), running():
            exec(compile(source, FILE_NAME, "exec", dont_inherit=True), module.__dict__)
        self.names: dict[str, Any] = module.__dict__

    def function(self, name: str) -> Any:
        """The function `name` of the source, None if it has none. Raises SourceError if it is something else."""
        value = self.names.get(name)
        if value is not None and not callable(value):
            raise SourceError(f"“{name}” must be a function, not {kind_of(value)}.", self.line(name))
        return value

    def line(self, *names: str) -> int:
        """The line that defines the first of `names` that there is, such as "Net.__call__"; 0 if there is none."""
        return next((self._lines[name] for name in names if name in self._lines), 0)

    def giving(self, outputs: int, wanted: int) -> tuple[int, str, str]:
        """The line, the text, and the changed text of what most likely makes the last layer give `outputs` numbers and
        not `wanted`: the last call such as nn.Linear(64, 10), or a constant such as CLASSES = 10.

        (0, "", "") if there is none. The source is not changed.
        """
        calls = [node for node in ast.walk(self._tree) if isinstance(node, ast.Call) and _makes_layer(node)]
        places: list[tuple[ast.Call | ast.Assign, ast.expr]] = [(call, call.args[1]) for call in calls]
        names = [node for node in self._tree.body if isinstance(node, ast.Assign)]
        for found in (places, [(node, node.value) for node in names]):
            fitting = [(node, n) for node, n in found if isinstance(n, ast.Constant) and n.value == outputs]
            if fitting:
                node, number = max(fitting, key=lambda place: (place[1].lineno, place[1].col_offset))
                text, number.value = ast.unparse(node), wanted
                better, number.value = ast.unparse(node), outputs
                return number.lineno, text, better
        return 0, "", ""

    def lambda_text(self, function: types.FunctionType) -> str:
        """The text of a lambda of the source; empty if it cannot be found."""
        code = function.__code__
        if code.co_filename != FILE_NAME or code.co_name != "<lambda>":
            return ""
        begins = {(line, column) for line, _, column, _ in code.co_positions()}
        lambdas = [node for node in ast.walk(self._tree) if isinstance(node, ast.Lambda)]
        inside = (node for node in lambdas if {(n.lineno, n.col_offset) for n in _places(node.body)} & begins)
        # of lambdas within each other, the innermost comes last
        return next((" ".join(ast.unparse(node).split()) for node in reversed(list(inside))), "")


class running:
    """The context for everything that a source does. In it, random numbers of NumPy and Python are the same each time:
    a source is run once for each program, and what it draws must be the same in all of them.

    What calls itself ends as a RecursionError before the browser's stack is full, which would end Python: in Chromium
    that happens after some 600 to 1,000 calls.
    """

    def __enter__(self) -> None:
        self._unharmed, self._printed = unharmed(), redirect_stdout(_Printed(sys.stdout))
        self._states = [get() for get, _, _ in _GENERATORS]
        self._unharmed.__enter__()
        for _, _, seed in _GENERATORS:
            seed(0)
        sys.setrecursionlimit(_depth() + MAX_DEPTH)
        self._printed.__enter__()
        self._stdin, sys.stdin = sys.stdin, io.StringIO()

    def __exit__(self, *error: Any) -> None:
        self._unharmed.__exit__()
        sys.stdin = self._stdin
        self._printed.__exit__(*error)
        for (_, restore, _), state in zip(_GENERATORS, self._states, strict=True):
            restore(state)


class _Printed(io.TextIOBase):
    """Takes what a source prints, and passes on so much that a console can show it."""

    def __init__(self, out: TextIO) -> None:
        self._out, self._left = out, MAX_PRINTED

    def write(self, text: str) -> int:
        if self._left > 0:
            self._out.write(text[: self._left])
            self._left -= len(text)
        return len(text)


def _depth() -> int:
    """How many calls of Python are under way."""
    frame, depth = sys._getframe(), 0
    while frame.f_back is not None:
        frame, depth = frame.f_back, depth + 1
    return depth


def _parsed(source: str) -> ast.Module:
    """The syntax tree; an empty one if the source cannot be parsed: running it says what is wrong."""
    try:
        return ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ast.Module([], [])


def _lines(tree: ast.Module) -> dict[str, int]:
    """The lines at which the top of a source and its classes define names."""
    found = dict[str, int]()
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            found[node.name] = node.lineno
        elif isinstance(node, ast.Assign):
            found |= {target.id: node.lineno for target in node.targets if isinstance(target, ast.Name)}
        if isinstance(node, ast.ClassDef):
            methods = (item for item in node.body if isinstance(item, ast.FunctionDef | ast.AsyncFunctionDef))
            found |= {f"{node.name}.{item.name}": item.lineno for item in methods}
    return found


def _makes_layer(call: ast.Call) -> bool:
    """Whether a call with two arguments makes a layer or a tensor: nn.Linear(64, 10), Tensor.zeros(64, 10)."""
    function = call.func
    name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
    owner = getattr(getattr(function, "value", None), "id", "")
    return len(call.args) > 1 and (name[:1].isupper() or owner == "Tensor")


def _places(node: ast.expr) -> Iterator[ast.expr]:
    """The expressions within one, without those of lambdas in it."""
    yield node
    if not isinstance(node, ast.Lambda):
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.expr):
                yield from _places(child)
