"""A source's own optimizer, as an update rule like those of `optim`: any of `tinygrad.nn.optim`, or a group of them.

Its learning rate becomes the program's input `lr`; in a group each optimizer keeps its share of the first one's. Its
other hyperparameters are compiled in.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from tinygrad import Tensor
from tinygrad.nn.optim import LAMB, LARS, Optimizer, OptimizerGroup
from tinygrad.nn.state import get_state_dict
from tinygrad.uop.ops import Ops

from tabgrad.network import SourceError

from .mistakes import explained, kind_of, no_coroutine
from .optim import Hyperparameters, Schedule
from .source import running
from .written import WrittenNetwork


class SourceOptimizer:
    """What `optimizer(parameters)` of the network's source gives; `optim.Optimizer`. Raises SourceError.

    `params` are the parameters that it moves. `learning_rate` is the one it was made with.
    """

    hyperparameters = ("lr",)

    def __init__(self, network: WrittenNetwork) -> None:
        make, self._line = network.module.function("optimizer"), network.module.line("optimizer")
        with explained("optimizer(parameters)", self._line), running():
            self._rule = make(list(network.parameters.values()))
        no_coroutine(self._rule, "optimizer", self._line)
        if not isinstance(self._rule, Optimizer):
            raise SourceError(
                f"“optimizer” must return an optimizer of tinygrad.nn.optim, not {kind_of(self._rule)}.", self._line
            )
        moved = {id(tensor) for tensor in self._rule.params}
        self.params = {name: tensor for name, tensor in network.parameters.items() if id(tensor) in moved}
        if len(self.params) < len(moved):
            raise SourceError(
                "The optimizer has a parameter that is not the network's: give it those it gets.", self._line
            )
        parts = list(_parts(self._rule))
        rates = [_rate(part) for part in parts]
        if None in rates or not rates[0]:
            raise SourceError("The learning rate of an optimizer must be a number above 0.", self._line)
        self.learning_rate = float(rates[0])
        self._parts = [(part, rate / rates[0]) for part, rate in zip(parts, rates, strict=True)]
        self.state = self._state(network)

    def _state(self, network: WrittenNetwork) -> dict[str, Tensor]:
        """The optimizer's tensors by name, such as `opt.m.0`, but for parameters and learning rates."""
        others = [*network.tensors.values(), *(part.lr for part, _ in self._parts)]
        known, found = {id(tensor) for tensor in others}, dict[str, Tensor]()
        with explained("Listing the optimizer's tensors", self._line), running():
            every = get_state_dict(self._rule)
        for name, tensor in every.items():
            if id(tensor) not in known and not tensor.uop.is_virtual:
                known.add(id(tensor))
                found[f"opt.{name}"] = tensor
        return found

    def step(self, grads: Sequence[Tensor], hyper: Hyperparameters, run: Schedule) -> None:
        for parameter, gradient in zip(self.params.values(), grads, strict=True):
            parameter.grad = gradient
        for part, share in self._parts:
            part.lr = hyper["lr"] if share == 1 else hyper["lr"] * share
        with explained("The optimizer's step", self._line), running():
            changed = self._rule.schedule_step()
        run(*changed, in_place=all(_is_elementwise(part) for part, _ in self._parts))


def _parts(rule: Any) -> Iterator[Any]:
    """The optimizers in a group of groups, or the one that is none."""
    if isinstance(rule, OptimizerGroup):
        for part in rule.optimizers:
            yield from _parts(part)
    else:
        yield rule


def _rate(rule: Any) -> Any:
    """The learning rate that an optimizer was made with; None if it cannot be told."""
    uop = getattr(getattr(rule, "lr", None), "uop", None)
    while uop is not None and uop.op is not Ops.COPY:
        if uop.op is Ops.CONST:
            return _shortest(uop.val)
        uop = uop.src[0] if uop.src else None
    return None if uop is None else _shortest(uop.src[0].base.buffer.as_memoryview().cast("f")[0])


def _shortest(value: float) -> float:
    """The number with the fewest digits that is this one in float32: 3e-4, not 0.0003000000142492354."""
    return float(str(np.float32(value)))


def _is_elementwise(rule: Any) -> bool:
    """Whether each element's step depends on that element alone. Then it may be overwritten while others are read."""
    if type(rule) is LARS:
        return not rule.tcoef and not rule.ns_coefficients
    return type(rule) is LAMB and bool(rule.adam)
