"""The opcodes of the WebAssembly instructions that kernels use, by name, for the compiler and for the kernel reader.

Opcodes: https://webassembly.github.io/spec/core/appendix/index-instructions.html
"""

from __future__ import annotations

from .wasm_binary import uleb

_PLAIN = {
    "block": 0x02,
    "loop": 0x03,
    "if": 0x04,
    "end": 0x0B,
    "br_if": 0x0D,
    "call": 0x10,
    "select": 0x1B,
    "local.get": 0x20,
    "local.set": 0x21,
    "local.tee": 0x22,
    "i32.load": 0x28,
    "i64.load": 0x29,
    "f32.load": 0x2A,
    "i32.load8_s": 0x2C,
    "i32.load8_u": 0x2D,
    "i32.load16_s": 0x2E,
    "i32.load16_u": 0x2F,
    "i32.store": 0x36,
    "i64.store": 0x37,
    "f32.store": 0x38,
    "i32.store8": 0x3A,
    "i32.store16": 0x3B,
    "i32.const": 0x41,
    "i64.const": 0x42,
    "f32.const": 0x43,
    "i32.wrap_i64": 0xA7,
    "i32.reinterpret_f32": 0xBC,
    "f32.reinterpret_i32": 0xBE,
    "i64.extend_i32_s": 0xAC,
    "i64.extend_i32_u": 0xAD,
    "i32.extend8_s": 0xC0,
    "i32.extend16_s": 0xC1,
    "f32.convert_i32_s": 0xB2,
    "f32.convert_i32_u": 0xB3,
    "f32.convert_i64_s": 0xB4,
    "f32.convert_i64_u": 0xB5,
}
_COMPARE = ("eqz", "eq", "ne", "lt_s", "lt_u", "gt_s", "gt_u", "le_s", "le_u", "ge_s", "ge_u")
_INTEGER = ("clz", "ctz", "popcnt", "add", "sub", "mul", "div_s", "div_u", "rem_s", "rem_u", "and", "or", "xor")
_SHIFT = ("shl", "shr_s", "shr_u")
_FLOAT = ("abs", "neg", "ceil", "floor", "trunc", "nearest", "sqrt", "add", "sub", "mul", "div", "min", "max")
#: Instructions with consecutive opcodes: (type, names in order, opcode of the first name).
_ROWS = (
    ("i32", _COMPARE, 0x45),
    ("i64", _COMPARE, 0x50),
    ("f32", ("eq", "ne", "lt", "gt", "le", "ge"), 0x5B),
    ("i32", _INTEGER + _SHIFT, 0x67),
    ("i64", _INTEGER + _SHIFT, 0x79),
    ("f32", _FLOAT, 0x8B),
)
#: Behind the prefix byte 0xFC.
_SATURATING = {
    "i32.trunc_sat_f32_s": 0,
    "i32.trunc_sat_f32_u": 1,
    "i64.trunc_sat_f32_s": 4,
    "i64.trunc_sat_f32_u": 5,
}
#: Behind the prefix byte 0xFD.
_SIMD = {
    "v128.load": 0,
    "v128.load32_splat": 9,
    "v128.store": 11,
    "v128.const": 12,
    "i8x16.shuffle": 13,
    "i32x4.splat": 17,
    "f32x4.splat": 19,
    "i32x4.extract_lane": 27,
    "i32x4.replace_lane": 28,
    "f32x4.extract_lane": 31,
    "f32x4.replace_lane": 32,
    "i32x4.eq": 55,
    "i32x4.ne": 56,
    "i32x4.lt_s": 57,
    "i32x4.lt_u": 58,
    "f32x4.eq": 65,
    "f32x4.ne": 66,
    "f32x4.lt": 67,
    "v128.not": 77,
    "v128.and": 78,
    "v128.andnot": 79,
    "v128.or": 80,
    "v128.xor": 81,
    "v128.bitselect": 82,
    "v128.load32_lane": 86,
    "v128.load32_zero": 92,
    "f32x4.trunc": 105,
    "i16x8.extend_low_i8x16_u": 137,
    "i32x4.neg": 161,
    "i32x4.extend_low_i16x8_u": 169,
    "i32x4.shl": 171,
    "i32x4.shr_s": 172,
    "i32x4.shr_u": 173,
    "i32x4.add": 174,
    "i32x4.sub": 177,
    "i32x4.mul": 181,
    "i32x4.max_s": 184,
    "i32x4.max_u": 185,
    "f32x4.neg": 225,
    "f32x4.sqrt": 227,
    "f32x4.add": 228,
    "f32x4.sub": 229,
    "f32x4.mul": 230,
    "f32x4.div": 231,
    "f32x4.pmax": 235,
    "i32x4.trunc_sat_f32x4_s": 248,
    "i32x4.trunc_sat_f32x4_u": 249,
    "f32x4.convert_i32x4_s": 250,
    "f32x4.convert_i32x4_u": 251,
    "f32x4.relaxed_madd": 261,
}

#: Instruction name -> its bytes, without immediates.
OPCODES: dict[str, bytes] = {
    **{name: bytes([code]) for name, code in _PLAIN.items()},
    **{f"{kind}.{name}": bytes([first + i]) for kind, names, first in _ROWS for i, name in enumerate(names)},
    **{name: b"\xfc" + uleb(code) for name, code in _SATURATING.items()},
    **{name: b"\xfd" + uleb(code) for name, code in _SIMD.items()},
}
