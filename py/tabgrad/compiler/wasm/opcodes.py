"""Which WebAssembly instruction computes which tinygrad op; how a number of each dtype is represented and converted.

A bool is an i32 of 0 or 1. 8 and 16-bit integers are an i32, always narrowed back to their own range. 64-bit integers
are an i64. Owns these tables and rules; memory and arithmetic are in `scalar`.
"""

from __future__ import annotations

from tinygrad.dtype import DType, dtypes
from tinygrad.uop.ops import Ops, UOp

from tabgrad.program.wasm_binary import ValType
from tabgrad.program.wasm_opcodes import OPCODES

from .ir import Graph, Node
from .linear import UnsupportedOpError

F32, I32, I64 = ValType.F32, ValType.I32, ValType.I64

#: One table per kind of operand; `?` stands for the sign, `_s` or `_u`. MAX of scalar integers is a comparison and a
#: select. `f32x4.pmax(a, b)` is `a < b ? b : a`: tinygrad's definition of MAX, and one machine instruction.
_FLOAT_OPS = {
    Ops.ADD: "add",
    Ops.SUB: "sub",
    Ops.MUL: "mul",
    Ops.FDIV: "div",
    Ops.CMPLT: "lt",
    Ops.CMPNE: "ne",
    Ops.CMPEQ: "eq",
    Ops.SQRT: "sqrt",
    Ops.TRUNC: "trunc",
    Ops.NEG: "neg",
}
_INT_OPS = {
    Ops.ADD: "add",
    Ops.SUB: "sub",
    Ops.MUL: "mul",
    Ops.AND: "and",
    Ops.OR: "or",
    Ops.XOR: "xor",
    Ops.SHL: "shl",
    Ops.SHR: "shr?",
    Ops.CMPLT: "lt?",
    Ops.CMPNE: "ne",
    Ops.CMPEQ: "eq",
    Ops.CDIV: "div?",
    Ops.CMOD: "rem?",
}
#: A bool is 0 or 1 as a scalar, 0 or -1 (a mask) as a lane.
_BOOL_SCALAR = {Ops.ADD: "or", Ops.MAX: "or", Ops.MUL: "and", **{k: _INT_OPS[k] for k in (Ops.AND, Ops.OR, Ops.XOR)}}
_BOOL_SCALAR |= {Ops.CMPLT: "lt_u", Ops.CMPNE: "ne", Ops.CMPEQ: "eq"}
_BOOL_LANES = {
    **{op: f"v128.{_BOOL_SCALAR[op]}" for op in (Ops.ADD, Ops.MAX, Ops.MUL, Ops.AND, Ops.OR, Ops.XOR)},
    Ops.CMPNE: "v128.xor",
    Ops.CMPEQ: "i32x4.eq",
}
_BITS = {Ops.AND: "v128.and", Ops.OR: "v128.or", Ops.XOR: "v128.xor"}

#: dtypes of which four values fit in a v128 here.
LANE_DTYPES = (dtypes.float32, dtypes.int32, dtypes.uint32, dtypes.bool)
UNSIGNED = (dtypes.bool, dtypes.uint8, dtypes.uint16, dtypes.uint32, dtypes.uint64)


def value_type(dtype: DType) -> ValType | None:
    """The WebAssembly type of a scalar of `dtype`; None if it is not supported."""
    if dtype == dtypes.float32:
        return F32
    if dtype in (dtypes.int64, dtypes.uint64):
        return I64
    small = (dtypes.bool, dtypes.int8, dtypes.uint8, dtypes.int16, dtypes.uint16, dtypes.int32, dtypes.uint32)
    return I32 if dtype in small else None


def scalar_op(op: Ops, dtype: DType) -> str | None:
    """The instruction for `op` on scalars of `dtype`; None if there is no single one."""
    if dtype == dtypes.float32:
        return f"f32.{'max' if op is Ops.MAX else _FLOAT_OPS[op]}" if op is Ops.MAX or op in _FLOAT_OPS else None
    table = _BOOL_SCALAR if dtype == dtypes.bool else _INT_OPS
    if op not in table or value_type(dtype) is None:
        return None
    kind = "i64" if value_type(dtype) is I64 else "i32"
    return f"{kind}.{table[op].replace('?', '_u' if dtype in UNSIGNED else '_s')}"


def lane_op(op: Ops, dtype: DType) -> str | None:
    """The instruction for `op` on four lanes of `dtype`; None if there is none."""
    if dtype == dtypes.bool:
        return _BOOL_LANES.get(op)
    if dtype == dtypes.float32:
        return "f32x4.pmax" if op is Ops.MAX else f"f32x4.{_FLOAT_OPS[op]}" if op in _FLOAT_OPS else None
    if op in _BITS:
        return _BITS[op]
    name = {Ops.MAX: "max?", Ops.NEG: "neg"}.get(op) or _INT_OPS.get(op, "")
    name = f"i32x4.{name.replace('?', '_u' if dtype in UNSIGNED else '_s')}"
    return name if name in OPCODES and dtype in LANE_DTYPES else None


def type_of(u: UOp) -> ValType:
    """The value type of a scalar UOp; UnsupportedOpError if its dtype has none."""
    if (kind := value_type(u.dtype)) is None:
        raise UnsupportedOpError(
            f"The WebAssembly engine cannot compute {u.op.name} in {u.dtype.name}; cast to float32 or an integer first."
        )
    return kind


def prefix(kind: ValType) -> str:
    """How the names of instructions on this type begin: "i32", "i64", "f32"."""
    return kind.name.lower()


def literal(graph: Graph, dtype: DType, value: float) -> Node:
    """A constant of `dtype`."""
    if dtype == dtypes.float32:
        return graph.f32(value)
    if dtype in (dtypes.int64, dtypes.uint64):
        return graph.i64(int(value))
    bits = 8 * dtype.itemsize
    low = int(value) & (1 << bits) - 1
    return graph.i32(low if dtype in UNSIGNED or low < 1 << bits - 1 else low - (1 << bits))


def narrow(graph: Graph, node: Node, dtype: DType) -> Node:
    """Narrow an i32 to the range of an 8 or 16-bit integer, with wraparound; other dtypes stay as they are."""
    if dtype in (dtypes.uint8, dtypes.uint16):
        return graph.op("i32.and", I32, node, graph.i32((1 << 8 * dtype.itemsize) - 1))
    if dtype in (dtypes.int8, dtypes.int16):
        return graph.op(f"i32.extend{8 * dtype.itemsize}_s", I32, node)
    return node


def cast(graph: Graph, u: UOp, x: Node) -> Node:
    """The node for the CAST `u` of the number `x`."""
    source, kind = u.src[0].dtype, type_of(u)
    sign = "u" if source in UNSIGNED else "s"
    if u.dtype == source:
        return x
    if u.dtype == dtypes.bool:
        return graph.op(f"{prefix(x.type)}.ne", I32, x, literal(graph, source, 0))
    if kind is F32:
        return graph.op(f"f32.convert_{prefix(x.type)}_{sign}", F32, x)
    if x.type is F32:
        target = "u" if u.dtype in (dtypes.uint32, dtypes.uint64) else "s"
        x = graph.op(f"{prefix(kind)}.trunc_sat_f32_{target}", kind, x)
    elif kind is I64 and x.type is I32:
        x = graph.op(f"i64.extend_i32_{sign}", I64, x)
    elif kind is I32 and x.type is I64:
        x = graph.op("i32.wrap_i64", I32, x)
    return narrow(graph, x, u.dtype)


def bitcast(graph: Graph, u: UOp, x: Node) -> Node:
    """The node for the BITCAST `u` of the number `x`; UnsupportedOpError if the sizes differ."""
    kind = type_of(u)
    if u.dtype.itemsize != u.src[0].dtype.itemsize:
        raise UnsupportedOpError("The WebAssembly engine cannot reinterpret numbers as numbers of another size.")
    if x.type is kind:
        return narrow(graph, x, u.dtype)
    return graph.op(f"{prefix(kind)}.reinterpret_{prefix(x.type)}", kind, x)
