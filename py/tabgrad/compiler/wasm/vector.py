"""Lowers four scalars to one vector node; if they do not match, gathers the scalars lane by lane.

Every request gives a v128: `lanes` decides before whether four scalars match and whether a vector pays. Bool lanes are
masks: 0 or -1.
"""

from __future__ import annotations

from tinygrad.dtype import dtypes
from tinygrad.uop.ops import Ops, UOp

from tabgrad.program.wasm_binary import ValType

from .ir import Graph, Node, float_bytes
from .lanes import LaneFinder, Lanes
from .linear import Element, const_value, is_const, is_float
from .opcodes import UNSIGNED, lane_op
from .scalar import Scalars

F32, I32, V128 = ValType.F32, ValType.I32, ValType.V128


class Vectors:
    """Lowers lanes, four at a time, of one kernel. `fused` allows the relaxed multiply-add, which rounds once."""

    def __init__(self, scalars: Scalars, finder: LaneFinder, fused: bool) -> None:
        self.scalars, self.finder, self.fused = scalars, finder, fused
        self.graph: Graph = scalars.graph
        self._nodes: dict[Lanes, Node] = {}

    def lower(self, lanes: Lanes) -> Node:
        """The vector of these four scalars."""
        if (node := self._nodes.get(lanes)) is None:
            node = self._nodes[lanes] = self._lower(lanes)
        return node

    def _op(self, name: str, *srcs: Node, imm: bytes = b"") -> Node:
        return self.graph.op(name, V128, *srcs, imm=imm)

    def _lower(self, lanes: Lanes) -> Node:
        u = lanes[0]
        if all(map(is_const, lanes)):
            return self.graph.v128(b"".join(map(_lane_bytes, lanes)))
        if all(x is u for x in lanes):
            return self._splat(u)
        if (local := self.finder.accumulators.group_of(self.finder.linear, lanes)) is not None:
            linear = self.finder.linear
            return self.graph.read_local(local, V128, linear.segment[u], min(linear.position[x] for x in lanes))
        if u.dtype.itemsize == 4 and (elements := self.finder.window(lanes)) is not None:
            return self._load(elements)
        if u.dtype == dtypes.bool and self.finder.is_byte_vector(lanes):
            return self._op("i32x4.neg", self._widen(lanes))
        if self.finder.is_vector_op(lanes):
            return self._apply(lanes)
        return self._gather(lanes)

    # -- from scalars and memory

    def _splat(self, u: UOp) -> Node:
        element = self.finder.linear.element(u)
        if element is not None and not element.is_gated and u.dtype.itemsize == 4:
            return self.scalars.load("v128.load32_splat", V128, 2, element)
        node = self.scalars.lower(u)
        if is_float(u):
            return self._op("f32x4.splat", node)
        return self._op("i32x4.splat", self._mask(u, node))

    def _mask(self, u: UOp, node: Node) -> Node:
        return self.graph.op("i32.sub", I32, self.graph.i32(0), node) if u.dtype == dtypes.bool else node

    def _gather(self, lanes: Lanes) -> Node:
        prefix = "f32x4" if is_float(lanes[0]) else "i32x4"
        nodes = [self._mask(u, self.scalars.lower(u)) for u in lanes]
        vector = self._op(f"{prefix}.splat", nodes[0])
        for lane in (1, 2, 3):
            vector = self._op(f"{prefix}.replace_lane", vector, nodes[lane], imm=bytes([lane]))
        return vector

    def _load(self, elements: list[Element]) -> Node:
        load, first = self.scalars.load, elements[0]
        lowest = min(elements, key=lambda e: e.offset)
        lanes = [e.offset - lowest.offset for e in elements]
        if lanes == [0, 1, 2, 3]:
            vector = load("v128.load", V128, 2, first)
        elif max(lanes) < 8:  # one or two vectors, and a permutation
            halves = [lowest] if max(lanes) < 4 else [lowest, lowest._replace(offset=lowest.offset + 4)]
            loaded = [load("v128.load", V128, 2, e) for e in halves]
            permutation = bytes(4 * lane + b for lane in lanes for b in range(4))
            vector = self._op("i8x16.shuffle", loaded[0], loaded[-1], imm=permutation)
        else:
            vector = load("v128.load32_zero", V128, 2, first)
            for lane in (1, 2, 3):
                vector = load("v128.load32_lane", V128, 2, elements[lane], into=vector, lane=bytes([lane]))
        if not first.is_gated:
            return vector
        instead, gates = tuple(e.alternative for e in elements), tuple(e.load.src[2] for e in elements)
        return self._op("v128.bitselect", vector, self.lower(instead), self.lower(gates))

    def _widen(self, lanes: Lanes) -> Node:
        """Four bytes of memory as four unsigned 32-bit lanes."""
        element = self.finder.linear.element(lanes[0])
        assert element is not None, "is_byte_vector was checked first"
        bytes4 = self.scalars.load("v128.load32_zero", V128, 0, element)
        return self._op("i32x4.extend_low_i16x8_u", self._op("i16x8.extend_low_i8x16_u", bytes4))

    # -- arithmetic

    def _apply(self, lanes: Lanes) -> Node:
        u, operand = lanes[0], lanes[0].src[0].dtype
        if u.op is Ops.CAST:
            return self._cast(lanes)
        columns = self.finder.align(lanes)
        if u.op is Ops.BITCAST:
            return self.lower(columns[0])
        if u.op is Ops.WHERE:
            mask, yes, no = map(self.lower, columns)
            return self._op("v128.bitselect", yes, no, mask)
        if u.op is Ops.ADD and is_float(u):
            return self.sum(columns)
        if u.op is Ops.CMPLT and operand == dtypes.bool:  # not a, and b
            return self._op("v128.andnot", self.lower(columns[1]), self.lower(columns[0]))
        name = lane_op(u.op, operand)
        assert name is not None, "is_vector_op was checked first"
        if u.op in (Ops.SHL, Ops.SHR):
            return self._op(name, self.lower(columns[0]), self.scalars.lower(u.src[1]))
        vector = self.lower(columns[0])
        for column in columns[1:]:
            vector = self._op(name, vector, self.lower(column))
        return vector if columns[1:] else self._op(name, vector)

    def _cast(self, lanes: Lanes) -> Node:
        u, source = lanes[0], lanes[0].src[0].dtype
        operands = tuple(x.src[0] for x in lanes)
        if source == dtypes.uint8 or (source == dtypes.bool and self.finder.is_byte_vector(operands)):
            wide = self._widen(operands)
            if u.dtype == dtypes.bool:
                return self._op("i32x4.ne", wide, self.graph.v128(bytes(16)))
            return self._op("f32x4.convert_i32x4_s", wide) if is_float(u) else wide
        x = self.lower(operands)
        if u.dtype == source:
            return x
        if source == dtypes.bool:
            one = float_bytes(1.0) if is_float(u) else (1).to_bytes(4, "little")
            return self._op("v128.and", x, self.graph.v128(one * 4))
        if u.dtype == dtypes.bool:
            prefix = "f32x4" if source == dtypes.float32 else "i32x4"
            return self._op(f"{prefix}.ne", x, self.graph.v128(bytes(16)))
        if is_float(u):
            return self._op(f"f32x4.convert_i32x4_{'u' if source in UNSIGNED else 's'}", x)
        if source == dtypes.float32:
            return self._op(f"i32x4.trunc_sat_f32x4_{'u' if u.dtype in UNSIGNED else 's'}", x)
        return x

    def sum(self, columns: list[Lanes], start: Node | None = None) -> Node:
        """start + the sum of the columns. Products come last, so that each can be a multiply-add."""
        for column in sorted(columns, key=self._is_product):
            start = self.add(start, column)
        assert start is not None, "a sum has at least one term"
        return start

    def _is_product(self, column: Lanes) -> bool:
        return self.fused and all(u.op is Ops.MUL for u in column) and self.finder.is_vector_op(column)

    def add(self, total: Node | None, column: Lanes) -> Node:
        """total + column; a multiply-add if the column is a product and `fused` allows it."""
        if total is None:
            return self.lower(column)
        if self._is_product(column):
            a, b = self.finder.align(column)
            return self._op("f32x4.relaxed_madd", self.lower(a), self.lower(b), total)
        return self._op("f32x4.add", total, self.lower(column))


def _lane_bytes(u: UOp) -> bytes:
    value = const_value(u)
    if is_float(u):
        return float_bytes(value)
    return ((-int(value) if u.dtype == dtypes.bool else int(value)) & 0xFFFFFFFF).to_bytes(4, "little")
