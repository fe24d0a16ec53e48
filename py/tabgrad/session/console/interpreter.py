"""Runs Python that a visitor types, in one namespace, as Python's own prompt does. Knows no network and no message.

Nothing that the code raises comes out of here: an error is a part of the output. An endless loop cannot be seen from
here: whoever runs the worker ends it.
"""

from __future__ import annotations

import ast
import builtins
import io
import linecache
import sys
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from itertools import groupby
from pathlib import PurePath
from types import CodeType
from typing import Any

from .output import Output

NO_AWAIT = "await is only possible within async functions here, and nothing here runs those."
ENDS_PYTHON = "{} ends Python, which it cannot do here."
#: Lines of a traceback, and characters of a line; longer ones lose their middle.
MAX_LINES, MAX_LINE = 24, 400
#: Whose frames are folded, by a folder of their files.
_OWNERS = {"tinygrad": "tinygrad", "tinygrad_device": "tinygrad", "numpy": "NumPy", "tabgrad": "this page"}


class Interpreter:
    """`namespace` holds what the code defines. `bind` gives it the page's objects."""

    def __init__(self) -> None:
        self.namespace: dict[str, Any] = {"__name__": "__console__", "__builtins__": builtins}
        self._given: dict[str, Any] = {}
        self._commands = 0

    def bind(self, names: Mapping[str, Any]) -> None:
        """Give the namespace these objects. A name that the visitor has taken for something else stays theirs."""
        for name, value in names.items():
            if name not in self.namespace or self.namespace[name] is self._given.get(name):
                self.namespace[name] = self._given[name] = value

    def run(self, text: str, output: Output) -> None:
        """Run a text. Expressions that are statements are shown, and `_` is the last of them."""

        def show(value: Any) -> None:
            if value is not None:
                output.show(value)
                self.namespace["_"] = value

        self._commands += 1
        name = f"<console {self._commands}>"
        linecache.cache[name] = (len(text), None, text.splitlines(keepends=True), name)
        try:
            with _console(output, show):
                exec(_compiled(text, name), self.namespace)
        except BaseException as error:
            output.error(error_text(error))


@contextmanager
def _console(output: Output, show: Any) -> Iterator[None]:
    """What Python prints goes to the output, values go to `show`, and there is nothing to read."""
    saved = sys.displayhook, sys.stdin
    sys.displayhook, sys.stdin = show, io.StringIO()
    try:
        with redirect_stdout(output.stream), redirect_stderr(output.stream):
            yield
    finally:
        sys.displayhook, sys.stdin = saved


def _compiled(text: str, name: str) -> CodeType:
    """Like at Python's prompt, but also of several statements."""
    tree = ast.parse(text, name)
    return compile(ast.Interactive(tree.body), name, "single", dont_inherit=True)


def error_text(error: BaseException) -> str:
    """A traceback without the frames of libraries, or one sentence."""
    if isinstance(error, (SystemExit, KeyboardInterrupt)):
        return ENDS_PYTHON.format(type(error).__name__)
    if isinstance(error, SyntaxError) and "outside function" in error.msg and "await" in error.msg:
        return NO_AWAIT
    frames = traceback.extract_tb(error.__traceback__)
    first = next((i for i, frame in enumerate(frames) if not _owner(frame.filename)), len(frames))
    calls = "".join(_folded(frames[first:]))
    head = f"Traceback (most recent call last):\n{_shortened(calls, MAX_LINES)}\n" if calls else ""
    return head + _shortened("".join(traceback.format_exception_only(error)), MAX_LINES)


def _shortened(text: str, most: int) -> str:
    """A text without the middle of too many lines, and of those that are too long."""
    lines = text.rstrip().splitlines()
    if len(lines) > most:
        lines[most // 2 : -most // 2] = ["  …"]
    half = MAX_LINE // 2
    return "\n".join(line if len(line) <= MAX_LINE else f"{line[:half]} … {line[-half:]}" for line in lines)


def _folded(frames: list[traceback.FrameSummary]) -> Iterator[str]:
    for owner, some in groupby(frames, lambda frame: _owner(frame.filename)):
        group = list(some)
        if owner:
            yield f"  … {len(group)} call{'s' if len(group) > 1 else ''} in {owner}\n"
        else:
            yield from traceback.StackSummary.from_list(group).format()


def _owner(file: str) -> str:
    """Whose frame it is; empty for what the visitor has written, whose files have no folder."""
    parts = PurePath(file).parts
    if len(parts) == 1 and not file.startswith("<frozen"):
        return ""
    return next((_OWNERS[part] for part in reversed(parts) if part in _OWNERS), "Python")
