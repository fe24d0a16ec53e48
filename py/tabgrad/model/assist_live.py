"""What a name or an expression stands for, and what can be said of it: of the worker's objects, and of the source's.

A `Thing` is an object of the worker (a module, a class, a function), or what the source writes (a class or a function).
Nothing here calls it.
"""

from __future__ import annotations

import ast
import builtins
import collections
import dataclasses
import dis
import functools
import inspect
import itertools
import math
import operator
import random
import re
import sys
import types
import typing
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from tinygrad import Tensor, nn
from tinygrad.nn import optim, state  # noqa: F401 - so that the worker has them

Function = ast.FunctionDef | ast.AsyncFunctionDef
#: Modules of Python that a source may import and get help with.
_OF_PYTHON = (collections, dataclasses, functools, itertools, math, operator, random, typing)
MAX_SIGNATURE, MAX_DOC = 400, 200


@dataclass(frozen=True, slots=True, eq=False)
class Thing:
    """`what` it is; with `is_made`, a value of that class. `owner` is the class that a method is of.

    `is_bound`: its first argument is given.
    """

    what: Any
    is_made: bool = False
    owner: Any = None
    is_bound: bool = False


def made(what: Any) -> Thing | None:
    """A value of a class; None if `what` is none."""
    return Thing(what, is_made=True) if isinstance(what, type | ast.ClassDef) else None


def module(name: str) -> types.ModuleType | None:
    """A module that the worker has, by its name. Nothing is imported for it."""
    of_python = (found for found in _OF_PYTHON if found.__name__ == name)
    return next(of_python, None) or (sys.modules.get(name) if name.partition(".")[0] in ("numpy", "tinygrad") else None)


@lru_cache(maxsize=64)
def live_members(what: Any, is_made: bool) -> frozenset[str]:
    """The names of what an object of the worker has; `is_made`: of what a value of that class has."""
    if isinstance(what, types.ModuleType):
        return frozenset(vars(what).get("__all__") or {name for name in vars(what) if _is_own(what, name)})
    names = {name for name in dir(what) if not is_special(name)}
    return frozenset(names | (_stored(what) if is_made else set()))


def is_special(name: str) -> bool:
    """Whether Python itself calls it: "__init__"."""
    return name.startswith("__") and name.endswith("__")


def _is_own(of: types.ModuleType, name: str) -> bool:
    """Whether a name of a module is meant for others: it is no module that it has imported for itself."""
    value, package = vars(of)[name], of.__name__.partition(".")[0]
    if isinstance(value, types.ModuleType):
        return value.__name__.startswith(package)
    return type(value).__module__ != "__future__"


def _stored(kind: type) -> set[str]:
    """The attributes that the constructor of a class sets."""
    code = getattr(inspect.getattr_static(kind, "__init__", None), "__code__", None)
    return {step.argval for step in dis.get_instructions(code) if step.opname == "STORE_ATTR"} if code else set()


def live_member(thing: Thing, name: str) -> Thing | None:
    """An attribute of an object of the worker. No property is computed."""
    what = thing.what
    if isinstance(what, types.ModuleType):
        found = vars(what).get(name) or sys.modules.get(f"{what.__name__}.{name}")
        return None if found is None else of_value(found)
    found = inspect.getattr_static(what, name, None)
    if isinstance(found, classmethod | staticmethod):
        return Thing(found.__func__, owner=what, is_bound=isinstance(found, classmethod))
    if isinstance(found, property):
        return returned(Thing(found.fget, owner=what)) if thing.is_made else None
    if callable(found) and not isinstance(found, type):
        return Thing(found, owner=what, is_bound=thing.is_made)
    if name in ("weight", "bias") and getattr(what, "__module__", "") == nn.__name__:
        return made(Tensor)
    return None if found is None else of_value(found)


def of_value(value: Any) -> Thing | None:
    """An object, as a thing: a module, class or function itself, of anything else its class."""
    if isinstance(value, type | types.ModuleType) or inspect.isroutine(value):
        return Thing(value)
    if isinstance(value, types.GetSetDescriptorType | types.MemberDescriptorType):
        return None
    return Thing(value) if callable(value) else made(type(value))


def returned(thing: Thing) -> Thing | None:
    """What a function of the worker returns, as its annotation says; None if that tells nothing."""
    hint, of = None, thing.owner or thing.what
    if of in (np.ndarray, np.random.Generator) or getattr(of, "__module__", "") == "numpy":
        return made(np.ndarray)  # mostly: NumPy has no annotations
    with suppress(Exception):  # annotations may be computed
        hint = getattr(thing.what, "__annotations__", {}).get("return")
    if isinstance(hint, type):
        return made(hint)
    named = re.match(r"\W*([\w.]+)", hint if isinstance(hint, str) else getattr(hint, "__name__", ""))
    name = named[1] if named else ""
    if name == "Self":
        return made(thing.owner)
    if name == "numpy.ndarray":
        return made(np.ndarray)
    return made(getattr(thing.what, "__globals__", {}).get(name, getattr(builtins, name, None) if name else None))


def signature(thing: Thing, call: Callable[[Any], Function | None]) -> str:
    """The arguments and the result, "(axis=-1) -> Tensor"; empty if they are not known.

    `call` finds the constructor of a class of the source.
    """
    what = thing.what
    if isinstance(what, ast.ClassDef):
        constructor = call(what)
        return _written(constructor, is_bound=True).partition(" -> ")[0] if constructor else "()"
    if isinstance(what, Function):
        return _written(what, thing.is_bound)
    return _live_signature(what, thing.owner, thing.is_bound)


def _written(node: Function, is_bound: bool) -> str:
    arguments = ast.unparse(node.args)
    if is_bound:
        arguments = arguments.partition(",")[2].strip()
    return f"({arguments})" + (f" -> {ast.unparse(node.returns)}" if node.returns else "")


@lru_cache(maxsize=2048)
def _live_signature(what: Any, owner: Any, is_bound: bool) -> str:
    try:
        found = inspect.signature(what)
    except (TypeError, ValueError, NameError):
        return ""
    arguments = list(found.parameters.values())[is_bound:]
    text = str(found.replace(parameters=arguments))
    text = re.sub(r"""(?<=: |> )('[^']*'|"[^"]*")""", lambda quoted: quoted[0][1:-1], text)
    if isinstance(owner, type):
        text = re.sub(r"\bSelf\b", owner.__name__, text)
    return text[:MAX_SIGNATURE]


def doc(what: Any) -> str:
    """The first line of the docstring; empty if there is none."""
    text = ast.get_docstring(what) if isinstance(what, ast.ClassDef | Function) else _live_doc(what)
    return next((line.strip() for line in (text or "").splitlines() if line.strip()), "")[:MAX_DOC]


@lru_cache(maxsize=2048)
def _live_doc(what: Any) -> str:
    return inspect.getdoc(what) or ""


def called(what: Any) -> str:
    """What it is called where it is defined."""
    return str(what.name if isinstance(what, ast.ClassDef | Function) else getattr(what, "__name__", ""))
