"""What could stand at the cursor: names, attributes of live objects, keys of mappings. Calls no code of theirs.

The standard library's `rlcompleter` calls properties, and the site does not have it.
"""

from __future__ import annotations

import builtins
import inspect
import keyword
import re
import types
from collections.abc import Iterable, Mapping
from typing import Any

#: The end of a text that can be completed: a key, or names with dots between them.
_KEY = re.compile(r"""([\w.]+)\[(["'])([^"']*)$""")
_NAMES = re.compile(r"(?<![\w.])(?:[^\W\d]\w*\.)*\w*$")
#: Completions are no longer than this list.
MAX_NAMES = 100
_NOTHING = object()


def complete(text: str, cursor: int, namespace: Mapping[str, Any]) -> tuple[int, list[str]]:
    """Where the part begins that can be completed, and what it could be, in order."""
    before = text[: max(0, cursor)]
    if key := _KEY.search(before):
        mapping = _object(key[1].split("."), namespace)
        keys = mapping if isinstance(mapping, Mapping) else ()
        end = "" if text[cursor : cursor + 1] == key[2] else f"{key[2]}]"
        names = [name + end for name in keys if isinstance(name, str) and name.startswith(key[3])]
        return key.start(3), sorted(names)[:MAX_NAMES]
    match = _NAMES.search(before)
    *path, part = (match[0] if match else "").split(".")
    start = len(before) - len(part)
    if not path:
        return start, _fitting([*namespace, *dir(builtins), *keyword.kwlist], part) if part else []
    found = _object(path, namespace)
    return start, [] if found is _NOTHING else _fitting(attributes(found), part)


def _fitting(names: Iterable[str], part: str) -> list[str]:
    """Those that begin with `part`; with an underscore only if it has one."""
    fitting = {name for name in names if name.startswith(part) and (part.startswith("_") or not name.startswith("_"))}
    return sorted(fitting)[:MAX_NAMES]


def attributes(value: Any) -> list[str]:
    """The names that an object has."""
    try:
        return [name for name in dir(value) if isinstance(name, str)]
    except Exception:  # an object's own __dir__
        return []


def _object(path: list[str], namespace: Mapping[str, Any]) -> Any:
    """What names with dots stand for; `_NOTHING` if it cannot be known without calling code of an object."""
    first, *rest = path
    value = namespace.get(first, getattr(builtins, first, _NOTHING))
    for name in rest:
        if value is _NOTHING:
            break
        found = inspect.getattr_static(value, name, _NOTHING)
        if isinstance(found, (classmethod, staticmethod)):
            found = found.__func__
        own = isinstance(value, types.ModuleType) or isinstance(found, types.FunctionType) or not _computes(found)
        value = found if own else _NOTHING
    return value


def _computes(found: Any) -> bool:
    """Whether an attribute is made when it is read."""
    return inspect.getattr_static(type(found), "__get__", _NOTHING) is not _NOTHING
