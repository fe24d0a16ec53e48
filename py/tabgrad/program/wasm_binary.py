"""The binary format of WebAssembly modules, as far as kernels and their driver need it.

A kernel module is part of the contract: it imports one memory, "env"."memory", and exports one function that takes an
i32 byte address per buffer. The compiler writes such modules and the engine links them with a driver; both use this
encoding. Owns bytes and sections; of instructions it knows only how their immediates are encoded.

Format: https://webassembly.github.io/spec/core/binary/
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import IntEnum

MEMORY_IMPORT = ("env", "memory")
#: Unused bytes that an engine keeps at both ends of the memory. Kernels may read there, and drop what they read,
#: instead of branching on whether an index is in bounds. They never write there.
SLACK_BYTES = 1 << 16


class ValType(IntEnum):
    """WebAssembly's value types and their codes."""

    I32 = 0x7F
    I64 = 0x7E
    F32 = 0x7D
    V128 = 0x7B


@dataclass(frozen=True, slots=True)
class FunctionImport:
    """An imported function: where it comes from (module, name) and the types of its parameters. It returns nothing."""

    module: str
    name: str
    params: tuple[ValType, ...]


@dataclass(frozen=True, slots=True)
class Function:
    """A function without results. `body`: its instructions without the final `end`. Locals follow `params`."""

    export: str
    params: tuple[ValType, ...]
    locals: Sequence[ValType]
    body: bytes


def uleb(value: int) -> bytes:
    """Unsigned LEB128: seven bits per byte, lowest first; the top bit is set on all bytes but the last."""
    out = bytearray()
    while True:
        low, value = value & 0x7F, value >> 7
        out.append(low | (0x80 if value else 0))
        if not value:
            return bytes(out)


def sleb(value: int) -> bytes:
    """Signed LEB128: like `uleb`, and bit 6 of the last byte is the sign."""
    out = bytearray()
    while True:
        low, value = value & 0x7F, value >> 7
        done = value == (-1 if low & 0x40 else 0)
        out.append(low | (0 if done else 0x80))
        if done:
            return bytes(out)


def _vector(items: Iterable[bytes]) -> bytes:
    listed = list(items)
    return uleb(len(listed)) + b"".join(listed)


def _name(text: str) -> bytes:
    data = text.encode()
    return uleb(len(data)) + data


def _section(number: int, body: bytes) -> bytes:
    return bytes([number]) + uleb(len(body)) + body


def _code(function: Function) -> bytes:
    runs = ((kind, len(list(run))) for kind, run in itertools.groupby(function.locals))
    code = _vector(uleb(count) + bytes([kind]) for kind, count in runs) + function.body + b"\x0b"
    return uleb(len(code)) + code


def module(functions: Sequence[Function], imports: Sequence[FunctionImport] = ()) -> bytes:
    """The bytes of a module that imports the memory and `imports` and exports `functions`.

    `call` refers to functions by index: first the imports, then the functions, in order.
    """
    signatures = [i.params for i in imports] + [f.params for f in functions]
    types = list(dict.fromkeys(signatures))
    memory = b"".join(map(_name, MEMORY_IMPORT)) + b"\x02\x00" + uleb(1)  # kind: memory, no maximum, at least a page
    imported = [_name(f.module) + _name(f.name) + b"\x00" + uleb(types.index(f.params)) for f in imports]
    return b"".join(
        (
            b"\x00asm\x01\x00\x00\x00",
            _section(1, _vector(b"\x60" + _vector(bytes([kind]) for kind in params) + b"\x00" for params in types)),
            _section(2, _vector([memory, *imported])),
            _section(3, _vector(uleb(types.index(f.params)) for f in functions)),
            _section(7, _vector(_name(f.export) + b"\x00" + uleb(len(imports) + i) for i, f in enumerate(functions))),
            _section(10, _vector(map(_code, functions))),
        )
    )


def is_kernel_module(binary: bytes, entry: str, buffers: int) -> bool:
    """Whether `binary` is a module as `module` writes it for one kernel.

    It imports the memory and nothing else, and has one function: `entry`, with an i32 address per buffer. What is in
    the function is for the engine to check.
    """
    empty = module([Function(entry, (ValType.I32,) * buffers, (), b"")])
    head = empty[: -len(_section(10, _vector([_code(Function(entry, (), (), b""))])))]
    if not binary.startswith(head + b"\x0a") or not binary.endswith(b"\x0b"):
        return False
    size, at = _read_uleb(binary, len(head) + 1)
    if at + size != len(binary) or binary[at : at + 1] != b"\x01":
        return False
    size, at = _read_uleb(binary, at + 1)
    return at + size == len(binary)


def _read_uleb(data: bytes, at: int) -> tuple[int, int]:
    """The number at `at`, and the place after it; -1 if it breaks off or is longer than 32 bits need."""
    value = 0
    for i, byte in enumerate(data[at : at + 5]):
        value |= (byte & 0x7F) << 7 * i
        if byte < 0x80:
            return value, at + i + 1
    return -1, at
