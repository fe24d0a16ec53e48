"""The driver: a small WebAssembly module that calls a program's kernels, so that one call from Python runs many steps.

It exports `run(count, stream..., collect...)`, which dispatches everything `count` times. A stream is the address of
an input's values, one after the other; a collect is the address that an output's value is copied to after each step,
one after the other. Owns the driver's code; never the kernels'.
"""

from __future__ import annotations

from collections.abc import Sequence

from tabgrad.program import Program
from tabgrad.program.wasm_binary import Function, FunctionImport, ValType, module, sleb, uleb

_LOOP, _END, _BR_IF, _CALL = b"\x03\x40", b"\x0b", b"\x0d\x00", b"\x10"
_GET, _SET, _TEE, _CONST, _ADD = b"\x20", b"\x21", b"\x22", b"\x41", b"\x6a"
_MEMORY_COPY = b"\xfc\x0a\x00\x00"


def kernel_imports(program: Program) -> list[tuple[str, str, int]]:
    """The kernels that a driver imports, in order: (kernel key, entry, number of buffers)."""
    arity = {d.kernel: len(d.buffers) for d in program.dispatch}
    return [(key, program.kernels[key].entry, count) for key, count in arity.items()]


def driver(program: Program, addresses: Sequence[int], streams: Sequence[str], collect: Sequence[str]) -> bytes:
    """The module's bytes. `addresses`: the byte address of each buffer; `streams`, `collect`: names of buffers."""
    kernels = kernel_imports(program)
    number = {key: i for i, (key, _, _) in enumerate(kernels)}
    local_of = {program.index(name): 1 + i for i, name in enumerate(streams)}
    body = bytearray(_LOOP)
    for dispatch in program.dispatch:
        for index in dispatch.buffers:
            body += _GET + uleb(local_of[index]) if index in local_of else _CONST + sleb(addresses[index])
        body += _CALL + uleb(number[dispatch.kernel])
    for i, name in enumerate(collect):
        index, local = program.index(name), 1 + len(streams) + i
        size = program.buffers[index].nbytes
        body += _GET + uleb(local) + _CONST + sleb(addresses[index]) + _CONST + sleb(size) + _MEMORY_COPY
        body += _advance(local, size)
    for index, local in local_of.items():
        body += _advance(local, program.buffers[index].nbytes)
    body += _GET + uleb(0) + _CONST + sleb(-1) + _ADD + _TEE + uleb(0) + _BR_IF + _END
    params = (ValType.I32,) * (1 + len(streams) + len(collect))
    imports = [FunctionImport(key, entry, (ValType.I32,) * count) for key, entry, count in kernels]
    return module([Function("run", params, (), bytes(body))], imports)


def _advance(local: int, size: int) -> bytes:
    return _GET + uleb(local) + _CONST + sleb(size) + _ADD + _SET + uleb(local)
