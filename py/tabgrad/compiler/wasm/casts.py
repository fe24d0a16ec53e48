"""How a number of each dtype is represented by a WebAssembly value, and how it is converted to another dtype.

A bool is an i32 of 0 or 1. 8 and 16-bit integers are an i32, always narrowed back to their own range. 64-bit integers
are an i64. Owns these rules for scalars; memory and arithmetic are in `scalar`.
"""

from __future__ import annotations

from tinygrad.dtype import DType, dtypes
from tinygrad.uop.ops import UOp

from tabgrad.program.wasm_binary import ValType

from .ir import Graph, Node
from .linear import UnsupportedOpError
from .opcodes import UNSIGNED, value_type

F32, I32, I64 = ValType.F32, ValType.I32, ValType.I64


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
