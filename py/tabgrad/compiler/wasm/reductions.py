"""Decides how the accumulators of a kernel's reductions are kept, by comparing the costs of their updates.

Vertical: four accumulators with the same kind of update share a v128; the update can be any arithmetic. Horizontal: an
accumulator that adds (or maximises) a multiple of four terms is kept as four partial results. Otherwise it is a scalar
local. Horizontal reductions change the order of additions, as tinygrad's unrolling already does. Makes no nodes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tinygrad.dtype import dtypes
from tinygrad.uop.ops import Ops, UOp

from tabgrad.program.wasm_binary import ValType

from .accumulators import Accumulators, Place, Register
from .lanes import Cost, LaneFinder, Lanes
from .linear import LinearUOps, const_value, is_const
from .opcodes import type_of

#: The weight of an instruction after the loop, compared with one inside it.
AFTER_LOOP = 0.01
#: The distances between the elements of a group that are tried.
_STRIDES = (1, 2, 4, 8, 16, 32)


@dataclass(slots=True)
class Update:
    """One store to a vertical group: the four values, the group's local, and the position of its last store."""

    values: Lanes
    local: int
    last: UOp


@dataclass(slots=True)
class Horizontal:
    """The only update of a horizontal accumulator: columns of four terms that are combined with it."""

    columns: list[Lanes]
    across: Ops


class ReductionPlanner:
    """Fills `accumulators`, and decides on the updates of every register buffer of a kernel: `vertical` ones by
    (buffer, segment), `horizontal` ones by store. All other stores are scalar.

    `results` are groups of four neighbours that will be stored; they decide between groupings of equal cost.
    """

    def __init__(
        self,
        linear: LinearUOps,
        finder: LaneFinder,
        accumulators: Accumulators,
        new_local: Callable[[ValType], int],
        results: list[Lanes],
    ) -> None:
        self.linear, self.finder, self.accumulators, self.new_local = linear, finder, accumulators, new_local
        self.results = results
        self.vertical: dict[tuple[UOp, int], list[Update]] = {}
        self.horizontal: dict[UOp, Horizontal] = {}

    def run(self) -> None:
        """Decide on every accumulator."""
        for buffer in (u for u in self.linear.uops if u.op is Ops.BUFFER):
            self._place(buffer, self.linear.stores.get(buffer, []))

    def _place(self, buffer: UOp, stores: list[UOp]) -> None:
        by_segment: dict[int, dict[int, UOp]] = {}
        for store in stores:
            elements = by_segment.setdefault(self.linear.segment[store], {})
            elements[self.linear.register_index(store.src[0])] = store
        single = sum(map(len, by_segment.values())) == len(stores)
        horizontals = {e: self._horizontal(buffer, e, stores) for e in range(buffer.max_numel())} if single else {}
        groups = self._best_groups(buffer, by_segment) if single else None
        if groups is not None:
            cost, chosen = groups
            columns = [c for h in horizontals.values() if h is not None for c in h[1].columns]
            across = sum(self.finder.cost(c).vector for c in columns)
            if all(horizontals.values()) and across < 0.9 * cost:
                groups = None
            else:
                self._place_vertically(buffer, chosen, by_segment)
        if groups is None:
            for element in range(buffer.max_numel()):
                self._place_alone(buffer, element, horizontals.get(element))

    # -- vertical

    def _best_groups(
        self, buffer: UOp, by_segment: dict[int, dict[int, UOp]]
    ) -> tuple[float, list[tuple[int, ...]]] | None:
        """The cheapest grouping of the elements into fours, after its cost; None if scalars are cheaper."""
        count = buffer.max_numel()
        if count % 4 or buffer.dtype not in (dtypes.float32, dtypes.int32, dtypes.uint32):
            return None
        if any(len(stores) != count for stores in by_segment.values()):
            return None
        best: tuple[Cost, list[tuple[int, ...]]] | None = None
        for stride in (s for s in _STRIDES if count % (4 * s) == 0):
            starts = [block + i for block in range(0, count, 4 * stride) for i in range(stride)]
            groups = [tuple(start + stride * lane for lane in range(4)) for start in starts]
            cost = self._cost_of(buffer, groups, by_segment)
            if best is None or cost.vector < best[0].vector:
                best = cost, groups
        if best is None or best[0].vector > best[0].scalar:
            return None
        return best[0].vector * len(best[1]), best[1]

    def _cost_of(self, buffer: UOp, groups: list[tuple[int, ...]], by_segment: dict[int, dict[int, UOp]]) -> Cost:
        """The cost of one group's updates, averaged over the first and the last group: the others are similar."""
        self.accumulators.groups |= {_registers(buffer, g): 0 for g in groups}
        costs = [
            self.finder.cost(tuple(stores[e].src[1] for e in group))
            for group in (groups[0], groups[-1])
            for stores in by_segment.values()
        ]
        after = sum(self.finder.cost(lanes).vector for lanes in (self.results[:1] + self.results[-1:]))
        for group in groups:
            del self.accumulators.groups[_registers(buffer, group)]
        return Cost(sum(c.vector for c in costs) / 2 + AFTER_LOOP * after, sum(c.scalar for c in costs) / 2)

    def _place_vertically(
        self, buffer: UOp, groups: list[tuple[int, ...]], by_segment: dict[int, dict[int, UOp]]
    ) -> None:
        for group in groups:
            local = self.new_local(ValType.V128)
            self.accumulators.groups[_registers(buffer, group)] = local
            for lane, element in enumerate(group):
                self.accumulators.places[buffer, element] = Place(local, lane=lane)
            for segment, stores in by_segment.items():
                last = max((stores[e] for e in group), key=self.linear.position.__getitem__)
                update = Update(tuple(stores[e].src[1] for e in group), local, last)
                self.vertical.setdefault((buffer, segment), []).append(update)

    # -- horizontal and scalar

    def _horizontal(self, buffer: UOp, element: int, stores: list[UOp]) -> tuple[UOp, Horizontal] | None:
        """The update of an accumulator as columns of four terms; None if it cannot be kept as four partial results."""
        if buffer.dtype != dtypes.float32:
            return None
        mine = [s for s in stores if self.linear.register_index(s.src[0]) == element]
        updates = [s for s in mine if not is_const(s.src[1])]
        starts = [const_value(s.src[1]) for s in mine if is_const(s.src[1])]
        if len(updates) != 1 or updates[0].src[1].op not in (Ops.ADD, Ops.MAX):
            return None
        across = updates[0].src[1].op
        if across is Ops.ADD and any(s != 0 for s in starts):
            return None
        terms = self._terms(updates[0].src[1], across)
        own = [t for t in terms if self.linear.register(t) == (buffer, element)]
        rest = sorted((t for t in terms if t not in own), key=self.finder.key)
        if len(own) != 1 or not rest or len(rest) % 4:
            return None
        return updates[0], Horizontal([tuple(rest[i : i + 4]) for i in range(0, len(rest), 4)], across)

    def _terms(self, u: UOp, op: Ops, inner: bool = False) -> list[UOp]:
        if op is Ops.ADD:
            return self.finder.terms(u)
        if u.op is op and (not inner or self.linear.uses.get(u, 0) == 1):
            return self._terms(u.src[0], op, True) + self._terms(u.src[1], op, True)
        return [u]

    def _place_alone(self, buffer: UOp, element: int, horizontal: tuple[UOp, Horizontal] | None) -> None:
        if horizontal is not None and all(self.finder.cost(c).pays for c in horizontal[1].columns):
            store, plan = horizontal
            self.horizontal[store] = plan
            place = Place(self.new_local(ValType.V128), across=plan.across)
        else:
            place = Place(self.new_local(type_of(buffer)))
        self.accumulators.places[buffer, element] = place


def _registers(buffer: UOp, elements: tuple[int, ...]) -> tuple[Register, ...]:
    return tuple((buffer, e) for e in elements)
