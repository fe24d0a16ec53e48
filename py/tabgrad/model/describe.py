"""What a source is, found by building and calling its network without compiling anything: a table of its layers."""

from __future__ import annotations

import math
import types
from collections.abc import Iterable
from typing import Any

import numpy as np
from tinygrad import Tensor, dtypes
from tinygrad.nn.state import get_state_dict
from tinygrad.uop.ops import GroupOp, Ops, UOp

from tabgrad.compiler import compiling_for
from tabgrad.network import CLASSES, IMAGE_SHAPE, Description, LayerRow
from tabgrad.program import Target

from .restoring import restored
from .source import Module, running
from .taps import Call, taps
from .written import WrittenNetwork, augmentation
from .written_optim import SourceOptimizer

#: Characters of a layer's text in the table.
MAX_CALL = 60
_KINDS = {1: "units", 2: "rows", 3: "maps"}
_PIXELS = math.prod(IMAGE_SHAPE)


def describe(source: str, classes: int = CLASSES, target: Target = "wasm") -> Description:
    """Build, call and check everything that a source for data of so many classes defines. Raises SourceError."""
    with restored(), compiling_for(target, "simd" if target == "wasm" else "default"), running():
        network = WrittenNetwork(source, classes)
        for tensor in network.tensors.values():  # how their values come about is no part of the network
            tensor.replace(Tensor.empty(*tensor.shape, dtype=tensor.dtype))
        # one image for what is counted, two for the shapes: what grows with the batch
        (logits, calls), (pair, others) = (network.trace(Tensor.empty(count, _PIXELS)) for count in (1, 2))
        has_loss = network.loss(pair, Tensor.empty(2, dtype=dtypes.int32)) is not None
        optimizer = SourceOptimizer(network) if network.module.function("optimizer") else None
        layers, products = _rows(network, calls, others, logits)
    with restored():
        augment = augmentation(source)
        if augment is not None:
            augment(np.zeros((2, *IMAGE_SHAPE[1:]), np.uint8), np.random.default_rng(0))
    return Description(
        layers=layers,
        parameters=_count(network.parameters.values()),
        size_bytes=sum(tensor.numel() * tensor.dtype.itemsize for tensor in network.tensors.values()),
        multiply_adds=products,
        learning_rate=optimizer.learning_rate if optimizer else None,
        has_loss=has_loss,
        has_augmentation=augment is not None,
    )


def _rows(
    network: WrittenNetwork, calls: list[Call], others: list[Call], logits: Tensor
) -> tuple[tuple[LayerRow, ...], int]:
    """The rows of the table, and the multiply-adds of the whole network."""
    seen, rows, known = set[UOp](), list[LayerRow](), set[int]()
    products = dict.fromkeys((call.path for call in calls), 0)
    ended = [(number, call.path, given, output) for call in calls for number, given, output in call.parts]
    # in the order in which the calls ended: a product is that of the innermost layer that makes it
    for _, path, given, output in sorted(ended, key=lambda part: part[0]):
        products[path] += _products(output, seen, given)
    shapes = {call.path: call.output.shape for call in others}
    for call, tap in taps(calls, logits):
        shape, of_two = call.output.shape, shapes.get(call.path, ())
        is_batch = shape[:1] == (1,) and of_two == (2, *shape[1:])
        own = [] if isinstance(call.layer, types.FunctionType) else _own(network, call.layer, known)
        rows.append(
            LayerRow(
                path=call.path,
                call=_text(network.module, call.layer),
                kind=_KINDS.get(len(shape) - 1, "values") if is_batch else "values",
                shape=tuple(int(n) for n in (shape[1:] if is_batch else shape)),
                parameters=_count(own),
                multiply_adds=products[call.path],
                count=call.count,
                tap=tap,
            )
        )
    found = sum(products.values())
    # a network that is a tinygrad function is called with other tensors than its layers have been
    total = max(found + _products(logits.uop, seen), _products(logits.uop, set(), enter_calls=True))
    rest = {name: tensor for name, tensor in network.parameters.items() if id(tensor) not in known}
    if rest or total > found:
        names = f"outside its layers: {', '.join(rest) or 'products'}"
        rows.append(LayerRow("Net", _short(names), "own", (), _count(rest.values()), total - found, 1, ""))
    return tuple(rows), total


def _own(network: WrittenNetwork, layer: Any, known: set[int]) -> list[Tensor]:
    """The parameters in a layer that no layer before it has; layers within it come before it."""
    trained = {id(tensor) for tensor in network.parameters.values()} - known
    own = [tensor for tensor in get_state_dict(layer).values() if id(tensor) in trained]
    known |= {id(tensor) for tensor in own}
    return own


def _count(tensors: Iterable[Tensor]) -> int:
    return sum({id(tensor): int(tensor.numel()) for tensor in tensors}.values())


def _products(uop: UOp, seen: set[UOp], given: frozenset[UOp] = frozenset(), *, enter_calls: bool = False) -> int:
    """The multiplications that `uop` adds up, and that are not in `seen`: of matrix products and convolutions.

    What `given` is made by does not count.
    """
    total = 0
    for node in uop.toposort(lambda node: node not in given, enter_calls=enter_calls):
        if node in seen:
            continue
        seen.add(node)
        if node.op is Ops.REDUCE and node.arg[0] is Ops.ADD:
            factor = node.src[0]
            while factor.op in GroupOp.Movement or factor.op is Ops.CAST:
                factor = factor.src[0]
            total += math.prod(node.src[0].shape) if factor.op is Ops.MUL else 0
    return total


def _short(text: str) -> str:
    return text if len(text) <= MAX_CALL else text[: MAX_CALL - 1] + "…"


def _text(module: Module, layer: Any) -> str:
    """What a layer is: a class with the shape of its weight, or the name or the text of a function."""
    if isinstance(layer, types.FunctionType) and (text := module.lambda_text(layer)):
        return _short(text)
    name = getattr(layer, "__name__", type(layer).__name__)
    if hasattr(layer, "__name__"):
        return f"Tensor.{name}" if hasattr(Tensor, name) else name
    weight = getattr(layer, "weight", None)
    return f"{name} {tuple(weight.shape)}" if isinstance(weight, Tensor) else name
