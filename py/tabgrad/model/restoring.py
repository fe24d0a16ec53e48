"""Puts Python back as it was before a source ran: what it changed in tinygrad, NumPy and Python must not reach another.

Owns what those modules and their classes were when the first source came. A source's changes hold as long as it is in
use: it is run anew for each program. Only its changes of `builtins` and `sys.modules` end with each part of it that
runs, because everything here needs those. What it changes within an object, such as a list of tinygrad's, stays.
"""

from __future__ import annotations

import builtins
import operator
import sys
import types
from collections.abc import Callable, Iterator
from typing import Any

from tinygrad.helpers import ContextVar, GlobalCounters

from tabgrad.network import SourceError

#: The packages whose modules are put back, and those whose classes are.
_PACKAGES = frozenset(
    {
        "tinygrad",
        "numpy",
        "builtins",
        "math",
        "random",
        "functools",
        "itertools",
        "operator",
        "collections",
        "contextlib",
    }
    | {"copy", "dataclasses", "inspect", "json", "re", "time", "types", "typing"}
)
_WITH_CLASSES = "tinygrad"
#: What changes it itself in tinygrad: by importing parts of it, with every random number, and for our device.
_OURS = ("tabgrad", "tinygrad_device")
_OF_TINYGRAD = frozenset({"_seed", "_device_seeds", "_device_rng_counters"})
#: Other attributes of classes that Python makes when they are first asked for.
_OF_PYTHON = frozenset({"__annotations__", "__abstractmethods__", "__doc__"})

_BUILTINS, _MODULES, _set_recursion_limit = vars(builtins), sys.modules, sys.setrecursionlimit


class unharmed:
    """The context for any part of a source that runs. Afterwards `builtins` and `sys.modules` have what they had, and
    calls may be as deep.

    A class, because a context that is a generator needs builtins to end.
    """

    def __enter__(self) -> None:
        self._builtins, self._modules, self._limit = dict(_BUILTINS), dict(_MODULES), sys.getrecursionlimit()

    def __exit__(self, *_error: object) -> None:
        _set_recursion_limit(self._limit)
        _BUILTINS.update(self._builtins)  # until here no builtin can be relied on
        _MODULES.update(self._modules)


class _Namespace:
    """The names of a module or a class, as they are now."""

    def __init__(self, owner: Any) -> None:
        self.owner, self.names = owner, dict(vars(owner))
        self._values = tuple(self.names.values())
        self._set: Callable[[str, Any], None] = lambda name, value: setattr(owner, name, value)
        self._delete: Callable[[str], None] = lambda name: delattr(owner, name)
        if isinstance(owner, types.ModuleType):
            self._set, self._delete = vars(owner).__setitem__, vars(owner).__delitem__

    def put_back(self) -> list[str]:
        """Have the names be as before; returns those that were changed."""
        now = vars(self.owner)
        if len(now) == len(self._values) and all(map(operator.is_, now.values(), self._values)):
            return []
        changed = [name for name, value in self.names.items() if now.get(name, self) is not value]
        changed = [name for name in changed if name not in _OF_TINYGRAD and not _is_ours(now.get(name))]
        added = [name for name, value in now.items() if name not in self.names and not _is_legitimate(name, value)]
        for name in changed:
            self._set(name, self.names[name])
        for name in added:
            self._delete(name)
        return [*changed, *added]


class restored:
    """The context for each whole use of a source: before and after it, modules and classes are as they were.

    Raises SourceError if the use fails with anything else after the source has changed something of them.
    """

    _namespaces: dict[int, _Namespace] = {}  # noqa: RUF012 - one for all, by the id of their owner
    _seen: set[str] = set()  # noqa: RUF012
    _depth = 0

    def __enter__(self) -> None:
        if restored._depth == 0:
            _put_back(restored._namespaces)
            restored._learn()
            self._options = [(option, option.value) for option in ContextVar._cache.values()]
        restored._depth += 1

    def __exit__(self, kind: object, error: BaseException | None, _trace: object) -> None:
        restored._depth -= 1
        if restored._depth:
            return
        for option, value in self._options:
            option.value = value
        changed = _put_back(restored._namespaces)
        if changed and isinstance(error, Exception) and not isinstance(error, ValueError):
            raise SourceError(f"The code changes {changed[0]}, and nothing can be compiled without it.") from error

    @classmethod
    def _learn(cls) -> None:
        """Note the modules that are new."""
        for name in _MODULES.keys() - cls._seen:
            cls._seen.add(name)
            module, package = _MODULES[name], name.partition(".")[0]
            if package in _PACKAGES and isinstance(module, types.ModuleType):
                owners = [module, *_classes(module)] if package == _WITH_CLASSES else [module]
                cls._namespaces |= {id(o): _Namespace(o) for o in owners if id(o) not in cls._namespaces}


def _put_back(namespaces: dict[int, _Namespace]) -> list[str]:
    """Have everything be as before; returns what was changed, in words such as Tensor.relu."""
    changed = list[str]()
    for namespace in namespaces.values():
        changed += [f"{namespace.owner.__name__}.{name}" for name in namespace.put_back()]
    return changed


def _classes(module: types.ModuleType) -> Iterator[type]:
    """The classes of tinygrad that a module has; not the one that only counts."""
    for value in vars(module).values():
        if isinstance(value, type) and value.__module__.startswith(_WITH_CLASSES) and value is not GlobalCounters:
            yield value


def _is_ours(value: Any) -> bool:
    """Whether a value is ours: what our device puts into tinygrad stays there."""
    return str(getattr(value, "__module__", "")).partition(".")[0] in _OURS


def _is_legitimate(name: str, value: Any) -> bool:
    """Whether a new name is Python's doing: a module that was imported, or what a class has when it is asked for."""
    return isinstance(value, types.ModuleType) or name in _OF_PYTHON or _is_ours(value)
