"""Which WebAssembly instruction computes which tinygrad op. Owns these tables, and nothing else."""

from __future__ import annotations

from tinygrad.dtype import DType, dtypes
from tinygrad.uop.ops import Ops

from tabgrad.program.wasm_binary import ValType
from tabgrad.program.wasm_opcodes import OPCODES

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
        return ValType.F32
    if dtype in (dtypes.int64, dtypes.uint64):
        return ValType.I64
    small = (dtypes.bool, dtypes.int8, dtypes.uint8, dtypes.int16, dtypes.uint16, dtypes.int32, dtypes.uint32)
    return ValType.I32 if dtype in small else None


def scalar_op(op: Ops, dtype: DType) -> str | None:
    """The instruction for `op` on scalars of `dtype`; None if there is no single one."""
    if dtype == dtypes.float32:
        return f"f32.{'max' if op is Ops.MAX else _FLOAT_OPS[op]}" if op is Ops.MAX or op in _FLOAT_OPS else None
    table = _BOOL_SCALAR if dtype == dtypes.bool else _INT_OPS
    if op not in table or value_type(dtype) is None:
        return None
    prefix = "i64" if value_type(dtype) is ValType.I64 else "i32"
    return f"{prefix}.{table[op].replace('?', '_u' if dtype in UNSIGNED else '_s')}"


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
