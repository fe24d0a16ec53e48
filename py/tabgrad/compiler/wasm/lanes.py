"""Finds four scalar computations that are one vector computation: superword-level parallelism.

tinygrad unrolls a loop into scalars. Four scalars that do the same to neighbouring elements belong in one v128. Which
four is known from where the results go: to a store of four elements, or to a group of accumulators. This module
decides whether their operand trees match, and compares the cost of the vector with the cost of the scalars. It makes
no nodes (see `vector`).

Idea: S. Larsen and S. Amarasinghe, "Exploiting Superword Level Parallelism with Multimedia Instruction Sets",
PLDI 2000.
What differs here: packing starts from the stores; commutative operands and long sums are first put in a canonical
order; and the cost of vector and scalars decides, not a threshold.
"""

from __future__ import annotations

import math
from collections.abc import Hashable
from typing import NamedTuple

from tinygrad.dtype import dtypes
from tinygrad.uop.ops import GroupOp, Ops, UOp

from .accumulators import Accumulators
from .linear import Element, LinearUOps, const_value, is_const, is_float
from .opcodes import LANE_DTYPES, lane_op

Lanes = tuple[UOp, ...]  # four scalars, lane 0 first

#: How many leaves are compared to order two operands of the same shape; more would take time and change nothing.
_RANK_LENGTH = 12
_BYTE_DTYPES = (dtypes.bool, dtypes.uint8)


class Cost(NamedTuple):
    """Rough instruction counts of computing four lanes as one vector and as four scalars."""

    vector: float
    scalar: float

    @property
    def pays(self) -> bool:
        """Whether the vector is clearly cheaper. A single broadcast or load always is."""
        return self.vector <= max(0.75 * self.scalar, 1)


class LaneFinder:
    """Compares scalars of one kernel. Shapes and ranks are memoised: kernels have thousands of UOps."""

    def __init__(self, linear: LinearUOps, accumulators: Accumulators) -> None:
        self.linear, self.accumulators = linear, accumulators
        self._shape_ids: dict[Hashable, int] = {}
        self._shapes: dict[UOp, int] = {}
        self._ranks: dict[UOp, tuple[float, ...]] = {}

    # -- a canonical order of operands

    def shape(self, u: UOp) -> int:
        """A number for the structure of a computation, without offsets and constants; matching lanes have the same."""
        if (known := self._shapes.get(u)) is None:
            known = self._shapes[u] = self._shape_ids.setdefault(self._structure(u), len(self._shape_ids))
        return known

    def _structure(self, u: UOp) -> Hashable:
        if is_const(u):
            return ("const", u.dtype)
        if (element := self.linear.element(u)) is not None:
            return ("load", self.linear.param_local[element.param], element.is_gated)
        if (register := self.linear.register(u)) is not None:
            return ("register", self.linear.position[register[0]])
        if u.op is Ops.RANGE or not u.src:
            return ("leaf", self.linear.position[u])
        shapes = [self.shape(s) for s in u.src]
        return (u.op, u.dtype, *(sorted(shapes) if u.op in GroupOp.Commutative else shapes))

    def rank(self, u: UOp) -> tuple[float, ...]:
        """Sort key of operands of equal shape: their leaves, as buffer base, offset or constant."""
        if (known := self._ranks.get(u)) is None:
            known = self._ranks[u] = self._leaves(u)
        return known

    def _leaves(self, u: UOp) -> tuple[float, ...]:
        if is_const(u):
            value = float(const_value(u))
            return (0.0 if math.isnan(value) else value,)
        if (element := self.linear.element(u)) is not None:
            base = -1 if element.base is None else self.linear.position[element.base]
            return (base, element.offset)
        if (register := self.linear.register(u)) is not None:
            return (register[1],)
        if u.op is Ops.RANGE or not u.src:
            return (self.linear.position[u],)
        operands = sorted(u.src, key=self.key) if u.op in GroupOp.Commutative else u.src
        return tuple(leaf for s in operands for leaf in self.rank(s))[:_RANK_LENGTH]

    def key(self, u: UOp) -> tuple[int, tuple[float, ...]]:
        """Sort key of operands: first the shape, then the leaves."""
        return self.shape(u), self.rank(u)

    def terms(self, u: UOp, inner: bool = False) -> list[UOp]:
        """The terms of a float sum. A partial sum that is also used elsewhere stays one term."""
        if u.op is Ops.ADD and is_float(u) and (not inner or self.linear.uses.get(u, 0) == 1):
            return self.terms(u.src[0], True) + self.terms(u.src[1], True)
        return [u]

    def align(self, lanes: Lanes) -> list[Lanes]:
        """The operands of four scalars of the same op, matched lane by lane."""
        first = lanes[0]
        if first.op is Ops.ADD and is_float(first):
            terms = [self.terms(u) for u in lanes]
            if len(terms[0]) > 2 and len({len(t) for t in terms}) == 1:
                return list(zip(*(sorted(t, key=self.key) for t in terms), strict=True))
        if first.op is Ops.MAX and is_float(first) and len({tuple(map(self.shape, u.src)) for u in lanes}) == 1:
            # In tinygrad's order, the maximum so far comes first, and `pmax` drops a NaN that comes second. In the
            # other order a NaN would take the place of the maximum so far, and be dropped by the next number.
            return list(zip(*(u.src for u in lanes), strict=True))
        if first.op in GroupOp.Commutative:
            return list(zip(*(sorted(u.src, key=self.key) for u in lanes), strict=True))
        return list(zip(*(u.src for u in lanes), strict=True))

    # -- loads

    def window(self, lanes: Lanes) -> list[Element] | None:
        """The four elements, if all are loads of one buffer from one base that can happen together; else None."""
        elements = [e for u in lanes if (e := self.linear.element(u)) is not None]
        if len(elements) < 4 or len({(e.param, e.base, len(e.load.src)) for e in elements}) > 1:
            return None
        if elements[0].is_gated and not all(map(self.linear.stays_in_slack, elements)):
            return None
        positions = [self.linear.position[e.load] for e in elements]
        stores = (self.linear.position[s] for s in self.linear.stores.get(elements[0].param, ()))
        if len({self.linear.segment[e.load] for e in elements}) > 1:
            return None
        return None if any(min(positions) < p < max(positions) for p in stores) else elements

    def load_cost(self, elements: list[Element]) -> float:
        """Instructions to load a window: one load, one or two loads and a permutation, or a load per element."""
        lanes = [e.offset - min(x.offset for x in elements) for e in elements]
        if lanes == [0, 1, 2, 3]:
            return 1
        return 2 if max(lanes) < 4 else 3 if max(lanes) < 8 else 5

    # -- cost

    def is_vector_op(self, lanes: Lanes) -> bool:
        """Whether one vector instruction computes the four scalars from vectors of their operands."""
        u = lanes[0]
        if u.op in (Ops.LOAD, Ops.INDEX, Ops.RANGE, Ops.PARAM, Ops.AFTER) or not u.src:
            return False
        if any(x.op is not u.op or x.dtype != u.dtype or len(x.src) != len(u.src) for x in lanes):
            return False
        if any(x.src[0].dtype != u.src[0].dtype for x in lanes) or u.dtype not in LANE_DTYPES:
            return False
        if u.op is Ops.CAST and u.src[0].dtype in _BYTE_DTYPES and self.is_byte_vector(tuple(x.src[0] for x in lanes)):
            return True
        if any(s.dtype not in LANE_DTYPES for s in u.src):
            return False
        if u.op in (Ops.CAST, Ops.BITCAST, Ops.WHERE):
            return True
        if u.op in (Ops.SHL, Ops.SHR) and any(x.src[1] is not u.src[1] for x in lanes):
            return False
        if u.op is Ops.CMPLT and u.src[0].dtype == dtypes.bool:
            return True
        return lane_op(u.op, u.src[0].dtype) is not None

    def is_byte_vector(self, lanes: Lanes) -> bool:
        """Whether they are four consecutive bytes in memory, which can be widened to four 32-bit lanes."""
        if lanes[0].dtype not in _BYTE_DTYPES or (elements := self.window(lanes)) is None:
            return False
        return self.load_cost(elements) == 1 and not elements[0].is_gated

    def cost(self, lanes: Lanes) -> Cost:
        """Instructions for the four lanes, as a vector and as scalars. A shared subexpression counts once."""
        vector = scalar = 0.0
        pending, seen = [lanes], set()
        while pending:
            lanes = pending.pop()
            if lanes in seen:
                continue
            seen.add(lanes)
            step, below = self._step(lanes)
            vector, scalar = vector + step.vector, scalar + step.scalar
            pending += below
        return Cost(vector, scalar)

    def _step(self, lanes: Lanes) -> tuple[Cost, list[Lanes]]:
        """The cost of the topmost instruction alone, and its operands."""
        if all(map(is_const, lanes)):
            return Cost(0, 0), []
        if all(u is lanes[0] for u in lanes):
            return Cost(0.6, 0), []
        if all(self.linear.register(u) is not None for u in lanes):
            return Cost(0 if self.accumulators.group_of(self.linear, lanes) is not None else 6, 0), []
        if lanes[0].dtype.itemsize == 4 and (elements := self.window(lanes)) is not None:
            gates = [tuple(e.load.src[2] for e in elements)] if elements[0].is_gated else []
            return Cost(self.load_cost(elements) + len(gates), 4), gates
        if self.is_byte_vector(lanes):
            return Cost(4, 4), []
        if not self.is_vector_op(lanes):
            return Cost(7, 4), []
        operands = self.align(lanes)
        count = max(len(operands) - 1, 1)
        return Cost(count, 4 * count), operands
