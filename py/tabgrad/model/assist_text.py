"""A source as text, while it is typed: its blocks, the expression before the cursor, and trees of what does not parse.

Runs nothing.
"""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

#: Lines at the left margin that go on with the block before them.
_GOES_ON = re.compile(r"[\s#)\]}]|$|(else|elif|except|finally)\b")
_DEFINED = re.compile(r"^(?:async +)?(?:class|def) +(\w+)", re.MULTILINE)
_ASSIGNED = re.compile(r"([A-Za-z_]\w*(?:\s*,\s*\w+)*)\s*(?::[^=\n]+)?=(?!=)")
#: How far back an expression may begin, and how many lines that Python cannot read are left out. Characters, lines.
MAX_EXPRESSION, MAX_LEFT_OUT = 2000, 6


@dataclass(frozen=True, slots=True)
class Block:
    """A statement at the left margin with all that belongs to it. Its first line is the line `first` of the source."""

    first: int
    text: str

    @property
    def names(self) -> list[str]:
        """What it defines, as far as its text tells."""
        if defined := _DEFINED.findall(self.text):
            return defined[:1]
        assigned = _ASSIGNED.match(self.text)
        return re.findall(r"\w+", assigned[1]) if assigned else []


def blocks(source: str) -> list[Block]:
    """The blocks of a source, in order."""
    lines = source.split("\n")
    starts, quote, is_decorated = [0], "", False
    for number, line in enumerate(lines):
        if not quote and number and not is_decorated and not _GOES_ON.match(line):
            starts.append(number)
        is_decorated = not quote and line.startswith("@")
        for mark in ('"""', "'''"):
            if quote in ("", mark) and line.count(mark) % 2:
                quote = "" if quote else mark
    ends = [*starts[1:], len(lines)]
    return [Block(start + 1, "\n".join(lines[start:end])) for start, end in zip(starts, ends, strict=True)]


def _parse(text: str) -> ast.Module:
    with warnings.catch_warnings():  # about what is written: it is not finished yet
        warnings.simplefilter("ignore")
        return ast.parse(text)


@lru_cache(maxsize=256)
def parsed(text: str) -> ast.Module | None:
    """The tree of a text; None if Python cannot read it."""
    try:
        return _parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def mended(text: str, line: int, column: int) -> ast.Module:
    """The tree of a text that is typed at `line`, from 1 on, and `column`, without the lines that cannot be read."""
    lines = text.split("\n")
    here = lines[line - 1]
    complete = here[:column] + "_" + here[column:] if here[:column].rstrip().endswith(".") else here
    lines[line - 1] = complete
    for _ in range(MAX_LEFT_OUT):
        try:
            return _parse("\n".join(lines))
        except SyntaxError as error:
            wrong = line if lines[line - 1] == complete else min(error.lineno or 1, len(lines))
        except (ValueError, RecursionError, MemoryError):
            break
        indent = len(lines[wrong - 1]) - len(lines[wrong - 1].lstrip())
        lines[wrong - 1] = " " * indent + "pass"
    return ast.Module([], [])


def expression_before(text: str) -> str:
    """The expression that ends where `text` does, such as "self.conv1(x).relu()"; empty if there is none."""
    text = text[-MAX_EXPRESSION:]
    at = len(text)
    while True:
        end = at
        while at and text[at - 1] in ")]":
            at = _opening(text, at - 1)
            if at < 0:
                return ""
        word = re.search(r"\w*\Z", text[:at])
        assert word is not None
        at = word.start()
        if at == end or word[0][:1].isdigit():
            return ""
        dot = re.search(r"\s*\. *\Z", text[:at])
        if dot is None:
            return text[at:]
        at = dot.start()


def _opening(text: str, closing: int) -> int:
    """Where the bracket opens that closes at `closing`; -1 if it does not."""
    depth, quote = 0, ""
    for at in range(closing, -1, -1):
        letter = text[at]
        if quote:
            quote = "" if letter == quote else quote
        elif letter in "\"'":
            quote = letter
        elif letter in ")]}":
            depth += 1
        elif letter in "([{":
            depth -= 1
            if not depth:
                return at
    return -1


def read(expression: str) -> ast.expr | None:
    """The tree of an expression; None if it is none."""
    tree = parsed(f"({expression}\n)") if expression else None
    statement = tree.body[0] if tree and len(tree.body) == 1 else None
    return statement.value if isinstance(statement, ast.Expr) else None


def within(body: list[ast.stmt]) -> Iterator[ast.AST]:
    """What is in statements, in the order of the text, but not in the functions and classes that they define."""
    for statement in body:
        waiting: list[ast.AST] = [statement]
        while waiting:
            node = waiting.pop()
            yield node
            if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda):
                waiting += reversed(list(ast.iter_child_nodes(node)))
