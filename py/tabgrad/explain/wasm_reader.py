"""Reads the WebAssembly module of a kernel as a list of instructions with their names.

Owns the reading of the sections and instructions that `program.wasm_binary` and the compiler write; refuses all others.
Format: https://webassembly.github.io/spec/core/binary/
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from tabgrad.program import ProgramError
from tabgrad.program.wasm_opcodes import OPCODES

_NAMES = {code: name for name, code in OPCODES.items()}
_TYPES, _IMPORTS, _FUNCTIONS, _EXPORTS, _CODE = 1, 2, 3, 7, 10
#: Bits of the longest number, an i64.
LONGEST = 64
_INDEXED = ("br_if", "call", "local.get", "local.set", "local.tee")


@dataclass(frozen=True, slots=True)
class Instruction:
    """One instruction. `immediates`: the index of a local, a constant, a lane, and so on. Loads and stores have (offset
    in bytes, alignment as a power of two) and, if they access a lane, its index; a v128 constant has its 16 bytes.
    """

    name: str
    immediates: tuple[int | float, ...] = ()


class _Reader:
    """A cursor over bytes."""

    def __init__(self, data: bytes) -> None:
        self.data, self.at = data, 0

    def take(self, count: int) -> bytes:
        self.at += count
        if self.at > len(self.data):
            raise ValueError("the code is cut off")
        return self.data[self.at - count : self.at]

    def byte(self) -> int:
        return self.take(1)[0]

    def unsigned(self) -> int:
        value = shift = 0
        while True:
            part = self.byte()
            value |= (part & 0x7F) << shift
            shift += 7
            if not part & 0x80:
                return value
            if shift > LONGEST:
                raise ValueError("it has a number that is too long")

    def signed(self) -> int:
        start = self.at
        value = self.unsigned()
        bits = 7 * (self.at - start)
        return value - (1 << bits) if self.data[self.at - 1] & 0x40 else value

    def instruction(self) -> Instruction:
        prefix = self.take(1)
        if prefix in (b"\xfc", b"\xfd"):
            start = self.at
            self.unsigned()
            prefix += self.data[start : self.at]
        if prefix not in _NAMES:
            raise ValueError(f"the instruction {prefix.hex()} is not one that kernels use")
        name = _NAMES[prefix]
        return Instruction(name, self._immediates(name))

    def _immediates(self, name: str) -> tuple[int | float, ...]:
        kind, _, rest = name.partition(".")
        if rest.startswith(("load", "store")):
            align, offset = self.unsigned(), self.unsigned()
            return (offset, align, self.byte()) if rest.endswith("_lane") else (offset, align)
        if rest == "const" and kind != "v128":
            return struct.unpack("<f", self.take(4)) if kind == "f32" else (self.signed(),)
        if name in _INDEXED:
            return (self.unsigned(),)
        if rest.endswith("_lane") or name in ("block", "loop", "if"):
            return (self.byte(),)
        return tuple(self.take(16)) if rest in ("const", "shuffle") else ()


def read_kernel(module: bytes) -> tuple[int, tuple[Instruction, ...]]:
    """The number of parameters (the byte address of each buffer) and the instructions of the module's only function.

    The closing `end` of the function is left out. Raises ProgramError for other modules.
    """
    try:
        if module[:8] != b"\x00asm\x01\x00\x00\x00":
            raise ValueError("its header is missing")
        sections = _sections(module)
        if not {_TYPES, _IMPORTS, _FUNCTIONS, _EXPORTS, _CODE} <= sections.keys():
            raise ValueError("a part of it is missing")
        if sections[_FUNCTIONS][:1] != b"\x01":
            raise ValueError("it must have exactly one function")
        types = _Reader(sections[_TYPES])
        types.take(2)  # one signature, of the kind "function"
        return types.unsigned(), _body(_Reader(sections[_CODE]))
    except ValueError as error:
        raise ProgramError(f"A kernel's WebAssembly module cannot be shown: {error}.") from error


def _sections(module: bytes) -> dict[int, bytes]:
    reader, found = _Reader(module), dict[int, bytes]()
    reader.take(8)
    while reader.at < len(module):
        number = reader.byte()
        found[number] = reader.take(reader.unsigned())
    return found


def _body(reader: _Reader) -> tuple[Instruction, ...]:
    reader.take(1)  # one function
    end = reader.unsigned() + reader.at
    for _ in range(reader.unsigned()):  # runs of locals: their number and their type
        reader.unsigned()
        reader.byte()
    code = list[Instruction]()
    while reader.at < end:
        code.append(reader.instruction())
    if not code or code[-1].name != "end":
        raise ValueError("its function does not end")
    return tuple(code[:-1])
