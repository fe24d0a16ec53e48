"""The optimizers that a run can use: one row each.

A new optimizer is a row here, its rule in tinygrad (`model.optim`) and its rule in NumPy (`backends.oracle.optim`).
Rows that share a rule differ in what they leave out: Adam is AdamW without weight decay.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

#: tinygrad's Newton-Schulz iterations in a step of Muon.
MUON_ITERATIONS = 5


def _newton_schulz_products(shape: tuple[int, ...]) -> int:
    """Multiplications of Muon's iterations on a weight of this shape, taken as a matrix s x l with s <= l.

    An iteration has three matrix products: s s l, s s s and s s l.
    """
    rows, columns = shape[0], math.prod(shape[1:])
    short, long = min(rows, columns), max(rows, columns)
    return MUON_ITERATIONS * short * short * (2 * long + short)


@dataclass(frozen=True, slots=True)
class OptimizerRow:
    """An optimizer as the form offers it.

    `rule` is the update rule that is compiled into training programs. `fields` are the settings that it uses besides
    the learning rate; the others are 0 for it. `usual_rate` is a learning rate to begin with at the default batch size.
    `products` counts the multiplications of a step on one weight matrix of a shape, besides those of its gradient.
    """

    title: str
    rule: str
    usual_rate: float
    fields: frozenset[str]
    products: Callable[[tuple[int, ...]], int] = lambda _shape: 0


OPTIMIZERS: Mapping[str, OptimizerRow] = {
    "sgd": OptimizerRow("SGD", "sgd", 0.5, frozenset({"weight_decay"})),
    "momentum": OptimizerRow("SGD, momentum", "sgd", 0.4, frozenset({"momentum", "weight_decay"})),
    "adam": OptimizerRow("Adam", "adamw", 0.003, frozenset()),
    "adamw": OptimizerRow("AdamW", "adamw", 0.003, frozenset({"weight_decay"})),
    "muon": OptimizerRow("Muon", "muon", 0.05, frozenset({"momentum", "weight_decay"}), _newton_schulz_products),
}
#: Settings that only some optimizers use.
OPTIMIZER_FIELDS = frozenset[str]().union(*(optimizer.fields for optimizer in OPTIMIZERS.values()))
