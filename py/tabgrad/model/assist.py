"""Completion and hover for the editor, from the worker's own objects: `Tensor`, `nn`, and what the source defines.

Never runs the source. Lines count from 1, columns are the characters before the cursor.
"""

from __future__ import annotations

import ast
import builtins
import keyword
import re
import types
from typing import TypedDict

import numpy as np
from tinygrad import Tensor

from . import assist_live
from .assist_live import Thing
from .assist_names import Names
from .assist_text import expression_before, read

#: Characters of a signature beside a completion.
MAX_DETAIL = 80
#: As many names of the source are described; the others are shown as they are.
MAX_DESCRIBED = 100
_FROM = re.compile(r"\s*from\s+([\w.]+)\s+import\s+[\w\s,(]*\Z")


class Completion(TypedDict):
    """`label` is what is inserted, `kind` what it is, `detail` its signature, `info` a sentence about it."""

    label: str
    kind: str
    detail: str
    info: str


class Hint(TypedDict):
    """The signature of what is at the cursor, and the first line of its docstring."""

    signature: str
    doc: str


def complete(source: str, line: int, column: int) -> list[Completion]:
    """What can be typed at the cursor, in alphabetical order. Private names come only after an underscore."""
    before = _before(source, line, column)
    if before is None:
        return []
    prefix = re.search(r"\w*\Z", before)
    assert prefix is not None
    names, text = Names(source, line, column), before[: prefix.start()]
    if prefix[0][:1].isdigit():
        return []
    if imported := _FROM.match(text.rpartition("\n")[2]):
        found = assist_live.module(imported[1])
        return _members(names, Thing(found), prefix[0]) if found else []
    if text.rstrip(" ").endswith("."):
        thing = names.infer(read(expression_before(text.rstrip(" .").rstrip())), names.scope)
        return _members(names, thing, prefix[0]) if thing else []
    near = _fitting({*names.scope, *names.top_names()}, prefix[0])
    inside = {name: names.find(name, names.scope) if at < MAX_DESCRIBED else None for at, name in enumerate(near)}
    outside = {name: names.find(name, {}) for name in _fitting(set(dir(builtins)) - inside.keys(), prefix[0])}
    shown = [_completion(names, name, thing) for name, thing in (outside | inside).items()]
    words = _fitting(set(keyword.kwlist) - outside.keys(), prefix[0])
    shown += [Completion(label=word, kind="keyword", detail="", info="") for word in words]
    return sorted(shown, key=lambda row: row["label"])


def hover(source: str, line: int, column: int) -> Hint | None:
    """What the name at the cursor is; None if that is not known."""
    before = _before(source, line, column)
    if before is None:
        return None
    rest = re.match(r"\w*", source.split("\n")[line - 1][column:])
    assert rest is not None
    text = before + rest[0]
    word = re.search(r"\w*\Z", text)
    if not word or not word[0].isidentifier() or keyword.iskeyword(word[0]):
        return None
    names = Names(source, line, column)
    if imported := _FROM.match(text.rpartition("\n")[2][: -len(word[0])]):
        found = assist_live.module(imported[1])
        thing = names.member(Thing(found), word[0]) if found else None
    else:
        thing = names.infer(read(expression_before(text)), names.scope)
    if thing is None:
        return None
    return Hint(signature=_declared(names, word[0], thing), doc=_doc(thing))


def _before(source: str, line: int, column: int) -> str | None:
    """The text before the cursor; None if it has no such line."""
    lines = source.split("\n")
    if not 1 <= line <= len(lines) or column < 0:
        return None
    return "\n".join([*lines[: line - 1], lines[line - 1][:column]])


def _fitting(found: set[str], prefix: str) -> list[str]:
    begin = prefix.lower()[:1]
    private = prefix.startswith("_")
    return sorted(name for name in found if name.lower().startswith(begin) and name.startswith("_") == private)


def _members(names: Names, thing: Thing, prefix: str) -> list[Completion]:
    fitting = _fitting(names.members(thing), prefix)
    return [_completion(names, name, names.member(thing, name), value="property") for name in fitting]


def _completion(names: Names, label: str, thing: Thing | None, value: str = "variable") -> Completion:
    """`value` is the kind of what is neither a module nor a class nor a function."""
    if thing is None:
        return Completion(label=label, kind=value, detail="", info="")
    detail = assist_live.called(thing.what) if thing.is_made else assist_live.signature(thing, names.constructor)
    detail = detail if len(detail) <= MAX_DETAIL else detail[: MAX_DETAIL - 1] + "…"
    return Completion(label=label, kind=_kind(thing, value), detail=detail, info=_doc(thing))


def _kind(thing: Thing, value: str) -> str:
    if thing.is_made:
        return value
    if isinstance(thing.what, types.ModuleType):
        return "module"
    if isinstance(thing.what, type | ast.ClassDef):
        return "class"
    return "method" if thing.owner is not None else "function"


def _declared(names: Names, word: str, thing: Thing) -> str:
    """What the source calls `word`, with its arguments, in one line."""
    name = assist_live.called(thing.what) or word
    if isinstance(thing.what, types.ModuleType):
        return f"module {name}"
    if thing.is_made and _is_plain(thing):
        return f"{word}: {name}"
    text = name + assist_live.signature(Thing(thing.what) if thing.is_made else thing, names.constructor)
    return f"{word}: {text}" if thing.is_made else text


def _doc(thing: Thing) -> str:
    return "" if thing.is_made and _is_plain(thing) else assist_live.doc(thing.what)


def _is_plain(thing: Thing) -> bool:
    """Whether how a value was made says nothing: it is a tensor, an array, or one of Python's own."""
    return thing.what in (Tensor, np.ndarray) or getattr(thing.what, "__module__", "") == "builtins"
