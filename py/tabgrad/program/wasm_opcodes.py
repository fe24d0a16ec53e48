"""The opcodes of the WebAssembly instructions that kernels use, by name, for the compiler and for the kernel reader.

Opcodes: https://webassembly.github.io/spec/core/appendix/index-instructions.html
"""

from __future__ import annotations

from .wasm_binary import uleb

_COMPARE = ("eqz", "eq", "ne", "lt_s", "lt_u", "gt_s", "gt_u", "le_s", "le_u", "ge_s", "ge_u")
_INTEGER = ("clz", "ctz", "popcnt", "add", "sub", "mul", "div_s", "div_u", "rem_s", "rem_u", "and", "or", "xor")
_SHIFT = ("shl", "shr_s", "shr_u")
_FLOAT = ("abs", "neg", "ceil", "floor", "trunc", "nearest", "sqrt", "add", "sub", "mul", "div", "min", "max")
#: Control and parametric instructions, whose names have no type.
_CONTROL = {"block": 0x02, "loop": 0x03, "if": 0x04, "end": 0x0B, "br_if": 0x0D, "call": 0x10, "select": 0x1B}
#: Instructions with consecutive opcodes: (type, names in order, opcode of the first name).
_ROWS = (
    ("local", ("get", "set", "tee"), 0x20),
    ("i32", ("load",), 0x28),
    ("i64", ("load",), 0x29),
    ("f32", ("load",), 0x2A),
    ("i32", ("load8_s", "load8_u", "load16_s", "load16_u"), 0x2C),
    ("i32", ("store",), 0x36),
    ("i64", ("store",), 0x37),
    ("f32", ("store",), 0x38),
    ("i32", ("store8", "store16"), 0x3A),
    ("i32", ("const",), 0x41),
    ("i64", ("const",), 0x42),
    ("f32", ("const",), 0x43),
    ("i32", _COMPARE, 0x45),
    ("i64", _COMPARE, 0x50),
    ("f32", ("eq", "ne", "lt", "gt", "le", "ge"), 0x5B),
    ("i32", _INTEGER + _SHIFT, 0x67),
    ("i64", _INTEGER + _SHIFT, 0x79),
    ("f32", _FLOAT, 0x8B),
    ("i32", ("wrap_i64",), 0xA7),
    ("i64", ("extend_i32_s", "extend_i32_u"), 0xAC),
    ("f32", ("convert_i32_s", "convert_i32_u", "convert_i64_s", "convert_i64_u"), 0xB2),
    ("i32", ("reinterpret_f32",), 0xBC),
    ("f32", ("reinterpret_i32",), 0xBE),
    ("i32", ("extend8_s", "extend16_s"), 0xC0),
)
#: Behind the prefix byte 0xFC.
_SATURATING = (
    ("i32", ("trunc_sat_f32_s", "trunc_sat_f32_u"), 0),
    ("i64", ("trunc_sat_f32_s", "trunc_sat_f32_u"), 4),
)
#: Behind the prefix byte 0xFD.
_SIMD = (
    ("v128", ("load",), 0),
    ("v128", ("load32_splat",), 9),
    ("v128", ("store", "const"), 11),
    ("i8x16", ("shuffle",), 13),
    ("i32x4", ("splat",), 17),
    ("f32x4", ("splat",), 19),
    ("i32x4", ("extract_lane", "replace_lane"), 27),
    ("f32x4", ("extract_lane", "replace_lane"), 31),
    ("i32x4", ("eq", "ne", "lt_s", "lt_u"), 55),
    ("f32x4", ("eq", "ne", "lt"), 65),
    ("v128", ("not", "and", "andnot", "or", "xor", "bitselect"), 77),
    ("v128", ("load32_lane",), 86),
    ("v128", ("load32_zero",), 92),
    ("f32x4", ("trunc",), 105),
    ("i16x8", ("extend_low_i8x16_u",), 137),
    ("i32x4", ("neg",), 161),
    ("i32x4", ("extend_low_i16x8_u",), 169),
    ("i32x4", (*_SHIFT, "add"), 171),
    ("i32x4", ("sub",), 177),
    ("i32x4", ("mul",), 181),
    ("i32x4", ("max_s", "max_u"), 184),
    ("f32x4", ("neg",), 225),
    ("f32x4", ("sqrt", "add", "sub", "mul", "div"), 227),
    ("f32x4", ("pmax",), 235),
    ("i32x4", ("trunc_sat_f32x4_s", "trunc_sat_f32x4_u"), 248),
    ("f32x4", ("convert_i32x4_s", "convert_i32x4_u"), 250),
    ("f32x4", ("relaxed_madd",), 261),
)

#: Instruction name -> its bytes, without immediates.
OPCODES: dict[str, bytes] = {name: bytes([code]) for name, code in _CONTROL.items()} | {
    f"{kind}.{name}": prefix + uleb(first + i) if prefix else bytes([first + i])
    for prefix, rows in ((b"", _ROWS), (b"\xfc", _SATURATING), (b"\xfd", _SIMD))
    for kind, names, first in rows
    for i, name in enumerate(names)
}
