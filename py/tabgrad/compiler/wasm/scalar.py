"""Lowers scalar UOps to nodes: loads, addresses, arithmetic. Vectors are in `lanes` and `vector`.

Nothing here traps. Since tinygrad computes both sides of a `where`, a division by 0 divides by 1 instead. How numbers
of each dtype are represented is in `opcodes`.
"""

from __future__ import annotations

from tinygrad.dtype import dtypes
from tinygrad.uop.ops import Ops, UOp

from tabgrad.program.wasm_binary import ValType, uleb

from .accumulators import Accumulators
from .ir import Graph, Node, Read
from .linear import Element, LinearUOps, UnsupportedOpError, const_value, is_const, storage
from .opcodes import UNSIGNED, bitcast, cast, literal, narrow, prefix, scalar_op, type_of

F32, I32, I64, V128 = ValType.F32, ValType.I32, ValType.I64, ValType.V128
_LOADS = {
    dtypes.bool: ("i32.load8_u", 0),
    dtypes.uint8: ("i32.load8_u", 0),
    dtypes.int8: ("i32.load8_s", 0),
    dtypes.uint16: ("i32.load16_u", 1),
    dtypes.int16: ("i32.load16_s", 1),
    dtypes.int32: ("i32.load", 2),
    dtypes.uint32: ("i32.load", 2),
    dtypes.int64: ("i64.load", 3),
    dtypes.uint64: ("i64.load", 3),
    dtypes.float32: ("f32.load", 2),
}
_REGISTER = {ValType.F32: "f32x4", ValType.I32: "i32x4"}


class Scalars:
    """Lowers scalars of one kernel. The same UOp always gives the same node."""

    def __init__(self, linear: LinearUOps, graph: Graph, loops: dict[UOp, int], accumulators: Accumulators) -> None:
        self.linear, self.graph, self.loops, self.accumulators = linear, graph, loops, accumulators
        self._nodes: dict[UOp, Node] = {}

    def lower(self, u: UOp) -> Node:
        """The node of `u`."""
        if (node := self._nodes.get(u)) is None:
            node = self._nodes[u] = self._lower(u)
        return node

    def _lower(self, u: UOp) -> Node:
        if is_const(u):
            return literal(self.graph, u.dtype, const_value(u))
        if u.op is Ops.RANGE:
            return self.graph.get(self.loops[u], I32, self.linear.segment[u])
        if u.op is Ops.PARAM:  # a variable, which is passed by value
            if type_of(u) is not I32:  # JavaScript would have to pass a BigInt
                raise UnsupportedOpError(f"The WebAssembly engine has no variables in {u.dtype.name}, only in int32.")
            return self.graph.get(self.linear.param_local[u], I32)
        if u.op is Ops.AFTER:
            return self.lower(u.src[0])
        if (register := self.linear.register(u)) is not None:
            return self._register(u, register)
        if (element := self.linear.element(u)) is not None:
            return self._element(element)
        if u.op is Ops.CAST:
            return cast(self.graph, u, self.lower(u.src[0]))
        if u.op is Ops.BITCAST:
            return bitcast(self.graph, u, self.lower(u.src[0]))
        return self._alu(u)

    def _register(self, u: UOp, register: tuple[UOp, int]) -> Node:
        place, kind = self.accumulators.places[register], type_of(u)
        wide = kind if place.lane is None and place.across is None else V128
        node = self.graph.read_local(place.local, wide, self.linear.segment[u], self.linear.position[u])
        if wide is kind:
            return node
        if place.lane is not None:
            return self.extract(node, kind, place.lane)
        # a horizontal accumulator holds four partial results
        lanes = [self.extract(node, kind, lane) for lane in range(4)]
        name = scalar_op(place.across or Ops.ADD, u.dtype) or ""
        return self.graph.op(
            name, kind, self.graph.op(name, kind, lanes[0], lanes[1]), self.graph.op(name, kind, lanes[2], lanes[3])
        )

    def extract(self, vector: Node, kind: ValType, lane: int) -> Node:
        """Lane `lane` of a vector."""
        return self.graph.op(f"{_REGISTER[kind]}.extract_lane", kind, vector, imm=bytes([lane]))

    # -- memory

    def _element(self, element: Element) -> Node:
        dtype = element.load.dtype
        if dtype not in _LOADS:
            raise UnsupportedOpError(f"The WebAssembly engine cannot load {dtype.name}; store it as float32 instead.")
        name, align = _LOADS[dtype]
        node = self.load(name, type_of(element.load), align, element)
        if not element.is_gated:
            return node
        instead, gate = self.lower(element.alternative), self.lower(element.load.src[2])
        return self.graph.op("select", node.type, node, instead, gate)

    def load(
        self, name: str, kind: ValType, align: int, element: Element, *, into: Node | None = None, lane: bytes = b""
    ) -> Node:
        """Read memory at `element` with instruction `name`.

        If the gate is false, it reads from the slack, or from the start of the buffer if the address could be outside
        the slack. The caller drops that value. `into` and `lane` are for v128.load32_lane.
        """
        graph, linear, load = self.graph, self.linear, element.load
        size = load.dtype.itemsize
        base, offset = self.address(element.param, element.base, size), element.offset * size
        if offset < 0 or (element.base is not None and element.base.vmin < 0):
            base, offset = graph.add_i32(base, offset), 0
        if element.is_gated and not linear.stays_in_slack(element):
            start = graph.get(linear.param_local[element.param], I32)
            base, offset = graph.op("select", I32, graph.add_i32(base, offset), start, self.lower(load.src[2])), 0
        position = linear.position[load]
        version = sum(linear.position[s] < position for s in linear.stores.get(element.param, ()))
        at = Read(element.param, linear.segment[load], position, version)
        srcs = (base,) if into is None else (base, into)
        return graph.load(name, kind, srcs, uleb(align) + uleb(offset) + lane, at)

    def address(self, param: UOp, index: UOp | None, size: int) -> Node:
        """The byte address of `param[index]`. Terms of outer loops come first: their sum leaves inner loops."""
        graph, linear = self.graph, self.linear
        node = graph.get(linear.param_local[storage(param)], I32)
        terms, pending, constant = [], [index] if index is not None else [], 0
        while pending:
            term = pending.pop()
            if term.op is Ops.ADD and not is_const(term):
                pending += term.src
            elif is_const(term):
                constant += int(const_value(term)) * size
            else:
                terms.append(term)
        for term in sorted(terms, key=lambda t: (linear.segment[t], linear.position[t])):
            node = graph.op("i32.add", I32, node, self._scaled(term, size))
        return graph.add_i32(node, constant)

    def _scaled(self, term: UOp, size: int) -> Node:
        graph, factor = self.graph, size
        if term.dtype in (dtypes.int64, dtypes.uint64):
            term_node = graph.op("i32.wrap_i64", I32, self.lower(term))
            return graph.op("i32.mul", I32, term_node, graph.i32(size)) if size > 1 else term_node
        if term.op in (Ops.MUL, Ops.SHL) and is_const(term.src[1]):
            constant = int(const_value(term.src[1]))
            factor *= constant if term.op is Ops.MUL else 1 << constant
            term = term.src[0]
        node = self.lower(term)
        if factor == 1:
            return node
        if factor > 0 and factor & (factor - 1) == 0:
            return graph.op("i32.shl", I32, node, graph.i32(factor.bit_length() - 1))
        return graph.op("i32.mul", I32, node, graph.i32(factor))

    # -- arithmetic

    def _alu(self, u: UOp) -> Node:
        graph, kind = self.graph, type_of(u)
        if u.op is Ops.WHERE:
            gate, yes, no = map(self.lower, u.src)
            return graph.op("select", kind, yes, no, gate)
        if not u.src or len(u.src) > 2:
            raise UnsupportedOpError(f"The WebAssembly engine cannot compute {u.op.name}, which this model needs.")
        operand = u.src[0].dtype
        a = self.lower(u.src[0])
        if u.op is Ops.NEG and kind is not F32:
            return narrow(graph, graph.op(f"{prefix(kind)}.sub", kind, literal(graph, operand, 0), a), u.dtype)
        if u.op is Ops.MAX and operand not in (dtypes.float32, dtypes.bool):
            b = self.lower(u.src[1])
            name = f"{prefix(a.type)}.gt_{'u' if operand in UNSIGNED else 's'}"
            return graph.op("select", kind, a, b, graph.op(name, I32, a, b))
        if (name := scalar_op(u.op, operand) or "") == "":
            raise UnsupportedOpError(
                f"The WebAssembly engine cannot compute {u.op.name} on {operand.name}, which this model needs."
            )
        if len(u.src) == 1:
            return graph.op(name, kind, a)
        b = self._right(u, a.type)
        if u.op in (Ops.CDIV, Ops.CMOD):
            return narrow(graph, self._divide(u, name, a, b), u.dtype)
        node = graph.op(name, kind, a, b)
        return narrow(graph, node, u.dtype) if u.op in (Ops.ADD, Ops.SUB, Ops.MUL, Ops.SHL) else node

    def _right(self, u: UOp, kind: ValType) -> Node:
        """The second operand, of type `kind`: a shift count may be wider or narrower than the value."""
        node = self.lower(u.src[1])
        if node.type is kind:
            return node
        return self.graph.op("i64.extend_i32_u" if kind is I64 else "i32.wrap_i64", kind, node)

    def _divide(self, u: UOp, name: str, a: Node, b: Node) -> Node:
        """a / b or a % b, without WebAssembly's traps for b = 0 and for the smallest integer divided by -1."""
        graph, kind, divisor = self.graph, a.type, u.src[1]
        if divisor.vmin <= 0 <= divisor.vmax:
            one = literal(graph, divisor.dtype, 1)
            b = graph.op("select", kind, one, b, graph.op(f"{prefix(kind)}.eqz", I32, b))
        signed = divisor.dtype not in UNSIGNED and divisor.vmin <= -1 <= divisor.vmax
        if not signed or u.op is Ops.CMOD:
            return graph.op(name, kind, a, b)
        minus_one = graph.op(f"{prefix(kind)}.eq", I32, b, literal(graph, divisor.dtype, -1))
        safe = graph.op("select", kind, literal(graph, divisor.dtype, 1), b, minus_one)
        negated = graph.op(f"{prefix(kind)}.sub", kind, literal(graph, divisor.dtype, 0), a)
        return graph.op("select", kind, negated, graph.op(name, kind, a, safe), minus_one)
