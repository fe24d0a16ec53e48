"""Runs the text of a source as a module, and says in one sentence what goes wrong in it, and at which line.

Whatever the source raises becomes a `SourceError`, also SystemExit. An endless loop cannot be seen from here: whoever
runs a source in a worker ends the worker.
"""

from __future__ import annotations

import ast
import io
import linecache
import random
import sys
import traceback
import types
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from typing import Any, TextIO

import numpy as np
from tinygrad.dtype import DType

from tabgrad.compiler import NoValueError
from tabgrad.network import SourceError, check_source
from tabgrad.program import ProgramError

from .restoring import unharmed

#: What tracebacks and `inspect` call the module of a source.
MODULE, FILE_NAME = "net", "net.py"
#: Calls within calls that a source may make, tinygrad's own included.
MAX_DEPTH = 350
#: Characters that one use of a source may print.
MAX_PRINTED = 5_000
#: Characters of an error's message that a sentence repeats.
MAX_MESSAGE = 200

_SENTENCES: tuple[tuple[type[BaseException] | tuple[type[BaseException], ...], str], ...] = (
    (
        NoValueError,
        "{what} reads the value of a tensor (as .item(), .numpy() and .tolist() do), and while a network is compiled "
        "there is none.",
    ),
    ((SystemExit, KeyboardInterrupt), "{what} ends Python ({name}), which it cannot do here."),
    (MemoryError, "{what} needs more memory than there is."),
    (ProgramError, "{message}"),
)


#: How the random numbers of NumPy and Python are read, set and seeded, whatever a source makes of these names.
_GENERATORS: tuple[tuple[Callable[[], Any], Callable[[Any], None], Callable[[int], None]], ...] = (
    (np.random.get_state, np.random.set_state, np.random.seed),
    (random.getstate, random.setstate, random.seed),
)
#: In what Python and Pyodide say of a source that begins an event loop.
_WAITING = ("event loop", "stack switching")


class Module:
    """A source that has been run. `names` are those it defines. The constructor raises SourceError."""

    def __init__(self, source: str) -> None:
        check_source(source)
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


@contextmanager
def explained(what: str, line: int = 0) -> Iterator[None]:
    """Raises what is raised within as a SourceError, with `line` if it was raised outside the source.

    `what` begins the sentence: what was being done.
    """
    try:
        yield
    except SourceError:
        raise
    except BaseException as error:
        raise SourceError(_sentence(what, error), _line(error) or line) from error


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

    def __exit__(self, *error: Any) -> None:
        self._unharmed.__exit__()
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
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            found[node.name] = node.lineno
        elif isinstance(node, ast.Assign):
            found |= {target.id: node.lineno for target in node.targets if isinstance(target, ast.Name)}
        if isinstance(node, ast.ClassDef):
            methods = (item for item in node.body if isinstance(item, ast.FunctionDef))
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


def _line(error: BaseException) -> int:
    """The line of the source that an error is about: of its deepest frame there. Frames of libraries do not count."""
    if isinstance(error, SyntaxError) and error.filename == FILE_NAME:
        return error.lineno or 0
    frames = traceback.walk_tb(error.__traceback__)
    return next((n for frame, n in reversed(list(frames)) if frame.f_code.co_filename == FILE_NAME), 0)


def _sentence(what: str, error: BaseException) -> str:
    message = " ".join(str(error).split())
    message = message if len(message) <= MAX_MESSAGE else message[: MAX_MESSAGE - 1] + "…"
    if isinstance(error, SyntaxError) and error.filename == FILE_NAME:
        return f"Python cannot read this line: {error.msg}."
    if isinstance(error, KeyError) and isinstance(error.args[0], DType):  # tinygrad's renderers look formats up
        return f"The engine cannot compute in {str(error.args[0]).removeprefix('dtypes.')}: cast to float32."
    if isinstance(error, RecursionError):
        return f"{what} calls itself without end." if _line(error) else f"{what} goes too deep, or in a circle."
    if isinstance(error, RuntimeError) and any(words in message for words in _WAITING):
        return f"{what} waits for something, as asyncio.run does, which it cannot do here."
    name = type(error).__name__
    for kinds, sentence in _SENTENCES:
        if isinstance(error, kinds):
            return sentence.format(what=what, name=name, message=message)
    return f"{what} fails with {name}{': ' if message else ''}{message.rstrip('.')}."


def kind_of(value: Any) -> str:
    """What a value is, for a sentence."""
    return "None" if value is None else f"a value of type {type(value).__name__}"
