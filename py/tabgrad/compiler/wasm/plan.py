"""Turns the stores of a kernel into actions: what is computed and written at which position of the linear program.

An `Action` is an instruction without a result: a store to memory, an update of an accumulator, an `if`. Its operands
are nodes; `emit` puts them on the stack. This module chooses vector or scalar form for every store, using the analyses
of `lanes` and `reductions`. It writes no code.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import NamedTuple

from tinygrad.dtype import dtypes
from tinygrad.uop.ops import Ops, UOp

from tabgrad.program.wasm_binary import ValType, uleb

from .accumulators import Accumulators
from .ir import Graph, Node
from .lanes import LaneFinder, Lanes
from .linear import LinearUOps, UnsupportedOpError, is_const, is_float, split_offset, storage
from .reductions import Horizontal, ReductionPlanner, Update
from .scalar import Scalars
from .vector import Vectors

V128 = ValType.V128
_STORES = {1: ("i32.store8", 0), 2: ("i32.store16", 1), 4: ("i32.store", 2), 8: ("i64.store", 3)}
#: Ops that WebAssembly kernels cannot have, and what they stand for. Arithmetic is checked when it is lowered.
_REFUSED = {
    Ops.SPECIAL: "GPU thread indices",
    Ops.BARRIER: "workgroup barriers",
    Ops.WMMA: "tensor cores",
    Ops.CUSTOM: "CUSTOM code",
    Ops.CUSTOMI: "CUSTOM code",
}


@dataclass(slots=True)
class Action:
    """Instruction `op` on `srcs`; `writes` is the memory or the local that it changes."""

    op: str
    srcs: tuple[Node, ...]
    imm: bytes = b""
    writes: Hashable = None


class _Element(NamedTuple):
    """One element that is stored to memory."""

    offset: int
    value: UOp
    store: UOp


@dataclass(slots=True)
class Plan:
    """Actions by position, the types of the locals (numbered after the parameters), and those of the loops.

    `loops`: counters. `lengths`: how often a loop of variable length runs.
    """

    linear: LinearUOps
    actions: dict[int, list[Action]] = field(default_factory=lambda: defaultdict(list))
    locals: list[ValType] = field(default_factory=list)
    loops: dict[UOp, int] = field(default_factory=dict)
    lengths: dict[UOp, int] = field(default_factory=dict)

    def new_local(self, kind: ValType) -> int:
        """Index of a fresh local."""
        self.locals.append(kind)
        return len(self.linear.params) + len(self.locals) - 1


class Planner:
    """Makes the plan of one kernel."""

    def __init__(self, uops: list[UOp], fused: bool) -> None:
        self.linear = linear = LinearUOps(uops)
        self.plan = Plan(linear)
        self.graph, self.accumulators = Graph(), Accumulators()
        self._check(uops)
        self.plan.loops = {u: self.plan.new_local(ValType.I32) for u in uops if u.op is Ops.RANGE}
        self.finder = LaneFinder(linear, self.accumulators)
        self.scalars = Scalars(linear, self.graph, self.plan.loops, self.accumulators)
        self.vectors = Vectors(self.scalars, self.finder, fused)

    def _check(self, uops: list[UOp]) -> None:
        for u in uops:
            if u.op in _REFUSED:
                raise UnsupportedOpError(f"The WebAssembly engine has no {_REFUSED[u.op]} ({u.op.name}).")
            if u.op is Ops.RANGE and u.src[0].dtype != dtypes.int32:
                raise UnsupportedOpError(
                    f"The WebAssembly engine cannot count a loop in {u.src[0].dtype.name} (RANGE)."
                )

    def run(self) -> Plan:
        """Plan every store and condition."""
        memory = self._memory()
        fours = [_neighbours(elements[i : i + 4]) for elements in memory.values() for i in range(0, len(elements), 4)]
        results = [four for four in fours if four]
        reductions = ReductionPlanner(self.linear, self.finder, self.accumulators, self.plan.new_local, results)
        reductions.run()
        for (buffer, segment), updates in reductions.vertical.items():
            self._update_groups(buffer, segment, updates)
        vertical = {buffer for buffer, _ in reductions.vertical}
        for u in self.linear.uops:
            if u.op is Ops.RANGE and not is_const(u.src[0]):
                length = self.plan.lengths[u] = self.plan.new_local(ValType.I32)
                self._set(u, length, self.scalars.lower(u.src[0]))
            elif u.op is Ops.IF:
                self._act(u, Action("if", (self.scalars.lower(u.src[0]),), b"\x40"))
            elif u.op is Ops.STORE and (target := storage(u.src[0])).op is Ops.BUFFER and target not in vertical:
                self._update_one(u, target, reductions.horizontal.get(u))
        for (_, param, base), elements in memory.items():
            self._store_all(param, base, elements)
        return self.plan

    def _act(self, at: UOp, action: Action) -> None:
        self.plan.actions[self.linear.position[at]].append(action)

    # -- memory

    def _memory(self) -> dict[tuple[int, UOp, UOp | None], list[_Element]]:
        """The elements stored to memory, by segment, buffer and variable part of the index, sorted by offset."""
        memory: dict[tuple[int, UOp, UOp | None], list[_Element]] = defaultdict(list)
        for u in self.linear.uops:
            if u.op is Ops.STORE and (target := storage(u.src[0])).op is Ops.PARAM:
                base, offset = split_offset(u.src[0].src[1])
                elements = [_Element(offset + i, value, u) for i, value in enumerate(_values(u))]
                memory[self.linear.segment[u], target, base] += elements
        return {place: sorted(elements, key=lambda e: e.offset) for place, elements in memory.items()}

    def _store_all(self, param: UOp, base: UOp | None, elements: list[_Element]) -> None:
        """Store elements of one buffer from one base, four neighbours at once if that is cheaper."""
        at = 0
        while at < len(elements):
            four = elements[at : at + 4]
            lanes = _neighbours(four)
            if lanes and param.dtype.itemsize == 4 and self.finder.cost(lanes).pays:
                last = max((e.store for e in four), key=self.linear.position.__getitem__)
                self._store(four[0]._replace(store=last), base, ("v128.store", 2), self.vectors.lower(lanes))
                at += 4
            else:
                name, align = _STORES[param.dtype.itemsize]
                name = "f32.store" if is_float(elements[at].value) else name
                self._store(elements[at], base, (name, align), self.scalars.lower(elements[at].value))
                at += 1

    def _store(self, element: _Element, base: UOp | None, instruction: tuple[str, int], value: Node) -> None:
        """Write `value` at `element` with an instruction given as (name, alignment)."""
        param, (name, align) = storage(element.store.src[0]), instruction
        size = param.dtype.itemsize
        address, offset = self.scalars.address(param, base, size), element.offset * size
        if offset < 0 or (base is not None and base.vmin < 0):
            address, offset = self.graph.add_i32(address, offset), 0
        self._act(element.store, Action(name, (address, value), uleb(align) + uleb(offset), writes=param))

    # -- accumulators

    def _set(self, at: UOp, local: int, value: Node) -> None:
        self._act(at, Action("local.set", (value,), uleb(local), writes=local))

    def _update_one(self, store: UOp, buffer: UOp, horizontal: Horizontal | None) -> None:
        """Update a scalar or a horizontal accumulator."""
        place = self.accumulators.places[buffer, self.linear.register_index(store.src[0])]
        if place.across is None:
            value = self.scalars.lower(store.src[1])
        elif horizontal is None:  # its start value, in all four partial results: of a sum it is 0
            value = self.vectors.lower((store.src[1],) * 4)
        else:
            segment, position = self.linear.segment[store], self.linear.position[store]
            value = self.graph.read_local(place.local, V128, segment, position)
            if place.across is Ops.ADD:
                value = self.vectors.sum(horizontal.columns, value)
            else:
                for column in horizontal.columns:
                    value = self.graph.op("f32x4.pmax", V128, value, self.vectors.lower(column))
        self._set(store, place.local, value)

    def _update_groups(self, buffer: UOp, segment: int, updates: list[Update]) -> None:
        """Update vertical accumulators: term by term across all groups if all are sums, else group by group.

        Term by term, only the operands of one term are alive at a time, so they stay in machine registers.
        """
        sums = [self._as_sum(buffer, update) for update in updates]
        columns = [terms for terms in sums if terms is not None]
        if len(columns) == len(updates) and len({len(terms) for terms in columns}) == 1 and len(columns[0]) > 1:
            last = max((u.last for u in updates), key=self.linear.position.__getitem__)
            for step in zip(*columns, strict=True):
                for update, column in zip(updates, step, strict=True):
                    # not `read_local`: this value between two steps must not be shared with other reads
                    total = Node("local.get", V128, (), uleb(update.local), segment)
                    self._set(last, update.local, self.vectors.add(total, column))
            return
        for update in updates:
            self._set(update.last, update.local, self.vectors.lower(update.values))

    def _as_sum(self, buffer: UOp, update: Update) -> list[Lanes] | None:
        """The terms that an update adds to its group; None if it is not a sum, or if a term reads accumulators."""
        first = update.values[0]
        if first.op is not Ops.ADD or not is_float(first) or not self.finder.is_vector_op(update.values):
            return None
        columns = self.finder.align(update.values)
        own = [c for c in columns if self.accumulators.group_of(self.linear, c) == update.local]
        rest = [c for c in columns if c not in own]
        if len(own) != 1 or any(self._reads(buffer, u) for column in rest for u in column):
            return None
        return rest

    def _reads(self, buffer: UOp, u: UOp) -> bool:
        """Whether `u` depends on the accumulators of `buffer`."""
        pending, seen = [u], {u}
        while pending:
            u = pending.pop()
            if (register := self.linear.register(u)) is not None:
                if register[0] is buffer:
                    return True
            elif self.linear.element(u) is None:
                pending += [s for s in u.src if s not in seen]
                seen.update(u.src)
        return False


def _neighbours(four: list[_Element]) -> Lanes:
    """The values of four elements if they are neighbours in memory; else an empty tuple."""
    if len(four) < 4 or any(e.offset != four[0].offset + i for i, e in enumerate(four)):
        return ()
    return tuple(e.value for e in four)


def _values(store: UOp) -> list[UOp]:
    """The scalars that a store writes, in order."""
    value = store.src[1]
    if value.op is Ops.STACK:
        return list(value.src)
    count = value.max_numel()
    if count == 1:
        return [value]
    if value.op is not Ops.LOAD:
        raise UnsupportedOpError(f"The WebAssembly engine cannot store a vector made by {value.op.name}.")
    return [UOp(Ops.INDEX, src=(value, UOp.cconst(lane, dtypes.int))) for lane in range(count)]
