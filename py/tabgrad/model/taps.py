"""Finds the layers of a written network: what `Net` calls of its own, in the order in which the calls end.

A layer is an object or a function in an attribute, or in a list, tuple or dict of one, nested modules included. Its
path is that of its weights: "layers.0", "block.conv". What is called in any other way, such as `x.relu()`, is no layer.
The network's objects are changed while it is called, and are as before afterwards.
"""

from __future__ import annotations

import functools
import math
import types
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from tinygrad import Tensor
from tinygrad.uop.ops import Ops, UOp

#: Kinds of functions. Anything else that can be called has a class, whose `__call__` is looked up there.
_FUNCTIONS = (
    types.FunctionType,
    types.MethodType,
    types.BuiltinFunctionType,
    types.MethodDescriptorType,
    functools.partial,
)


@dataclass(slots=True, eq=False)
class Call:
    """What has been called: the layer, its path, the output of its last call, and how many calls there were.

    `parts` are all calls: the how manieth of the network's each was when it ended, what went in, and what came out.
    """

    layer: Any
    path: str
    output: Tensor
    count: int = 1
    parts: list[tuple[int, frozenset[UOp], UOp]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Failure:
    """An exception of a layer, such as "layers.3 (Linear)"."""

    layer: str
    error: BaseException


class Recorder:
    """While `recording`, the calls of `net`'s layers are noted in `calls`, and in `failed` the last one that failed."""

    def __init__(self, net: Any) -> None:
        self.calls: list[Call] = []
        self.failed: Failure | None = None
        self._net, self._count = net, 0
        self._paths: dict[int, str] = {}  # of layers that are objects, by id
        self._undo: list[Callable[[], None]] = []
        self._active = set[int]()  # objects whose call is under way: one that calls its base class is one call

    @contextmanager
    def recording(self) -> Iterator[None]:
        """Within this context calls are noted. The network is as before afterwards."""
        try:
            self._search(vars(self._net), "")
            yield
        finally:
            for undo in reversed(self._undo):
                undo()
            self._undo.clear()
            self._paths.clear()

    def _search(self, names: dict[Any, Any], prefix: str) -> None:
        """Wrap what can be called among the values of a dict, which may be that of an object."""
        for key, value in list(names.items()):
            if (wrapped := self._wrapped(value, f"{prefix}{key}")) is not value:
                names[key] = wrapped
                self._undo.append(functools.partial(names.__setitem__, key, value))

    def _wrapped(self, value: Any, path: str) -> Any:
        """`value`, or what has to stand in its place for its calls to be noted."""
        if isinstance(value, Tensor | type | types.ModuleType) or id(value) in self._paths or value is self._net:
            return value
        if isinstance(value, _FUNCTIONS):
            return self._noting(value, path)
        if isinstance(value, tuple) and type(value) is tuple:
            items = tuple(self._wrapped(item, f"{path}.{i}") for i, item in enumerate(value))
            return value if all(one is other for one, other in zip(items, value, strict=True)) else items
        if isinstance(value, list):
            self._paths[id(value)] = path
            for i, item in enumerate(value):
                if (wrapped := self._wrapped(item, f"{path}.{i}")) is not item:
                    value[i] = wrapped
                    self._undo.append(functools.partial(value.__setitem__, i, item))
        elif isinstance(value, dict):
            self._paths[id(value)] = path
            self._search(value, f"{path}.")
        elif hasattr(value, "__dict__"):
            self._paths[id(value)] = path
            if callable(value):
                self._watch(type(value))
            self._search(vars(value), f"{path}.")
        return value

    def _noting(self, function: Any, path: str) -> Any:
        @functools.wraps(function, assigned=("__name__", "__doc__"), updated=())
        def noting(*arguments: Any, **named: Any) -> Any:
            given = _operations((arguments, named))
            try:
                out = function(*arguments, **named)
            except BaseException as error:
                self._note_failure(function, path, error)
                raise
            self._note(function, path, given, out)
            return out

        return noting

    def _watch(self, kind: Any) -> None:
        """Have the objects of a class note their calls."""
        inherited, call = "__call__" not in vars(kind), kind.__call__
        if getattr(call, "notes_for", None) is self:
            return

        def noting(layer: Any, *arguments: Any, **named: Any) -> Any:
            path = self._paths.get(id(layer))
            if path is None or id(layer) in self._active:
                return call(layer, *arguments, **named)
            self._active.add(id(layer))
            given = _operations((arguments, named))
            try:
                out = call(layer, *arguments, **named)
            except BaseException as error:
                self._note_failure(layer, path, error)
                raise
            finally:
                self._active.discard(id(layer))
            self._note(layer, path, given, out)
            return out

        noting.notes_for = self  # type: ignore[attr-defined] # a mark, so that a class is watched once
        if inherited:
            self._undo.append(functools.partial(delattr, kind, "__call__"))
        else:
            self._undo.append(functools.partial(setattr, kind, "__call__", vars(kind)["__call__"]))
        kind.__call__ = noting

    def _note_failure(self, layer: Any, path: str, error: BaseException) -> None:
        """Of layers within each other the innermost counts, which comes first."""
        if self.failed is None or self.failed.error is not error:
            kind = getattr(layer, "__name__", type(layer).__name__).replace("<lambda>", "lambda")
            self.failed = Failure(f"{path} ({kind})", error)

    def _note(self, layer: Any, path: str, given: frozenset[UOp], out: Any) -> None:
        tensor = next((t for t in (out if isinstance(out, tuple | list) else (out,)) if isinstance(t, Tensor)), None)
        if tensor is None:
            return
        earlier = next((call for call in self.calls if call.path == path), None)
        if earlier is not None:  # called again, as in a loop over rows: the last call counts
            self.calls.remove(earlier)
        self._count += 1
        parts = [*(earlier.parts if earlier else ()), (self._count, given, tensor.uop)]
        self.calls.append(Call(layer, path, tensor, len(parts), parts))


def _operations(values: Any) -> frozenset[UOp]:
    """What the tensors are made by among the arguments of a call, which may lie in lists, tuples and dicts."""
    if isinstance(values, Tensor):
        return frozenset({values.uop})
    items = values.values() if isinstance(values, dict) else values if isinstance(values, list | tuple) else ()
    return frozenset[UOp]().union(*map(_operations, items))


#: Outputs of layers that a program has at most, and numbers in one of them for one image.
MAX_TAPS, MAX_TAP_SIZE = 64, 1 << 20


def taps(calls: Sequence[Call], logits: Tensor) -> list[tuple[Call, str]]:
    """The calls, each with the name of the program's output that holds its values, empty if none does.

    `act.0`, `act.1`, ... in order; the last layers may be the logits. What only reshapes has the output of what it
    reshapes, and what gives back its input or something constant has none.
    """
    names = {logits.uop.base: "logits"}
    found, count = list[tuple[Call, str]](), 0
    for call in calls:
        base = call.output.uop.base
        if base not in names and count < MAX_TAPS and _is_tap(call.output):
            names[base] = f"act.{count}"
            count += 1
        found.append((call, names.get(base, "")))
    return found


def _is_tap(output: Tensor) -> bool:
    uop = output.uop
    known = uop.is_virtual or uop.base.op in (Ops.BUFFER, Ops.COPY, Ops.AFTER)
    size = math.prod(int(n) for n in output.shape[1:])
    return not known and output.ndim > 0 and 0 < size <= MAX_TAP_SIZE and output.dtype.fmt is not None
