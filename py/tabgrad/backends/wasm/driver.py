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


def driver(
    program: Program, addresses: Sequence[int], streams: Sequence[str] = (), collect: Sequence[str] = ()
) -> tuple[bytes, list[tuple[str, str]]]:
    """The module's bytes, and the kernels that it imports, in order, as (kernel key, entry).

    `addresses`: the byte address of each buffer; `streams` and `collect`: names of buffers.
    """
    arity = {d.kernel: len(d.buffers) for d in program.dispatch}
    number = {key: i for i, key in enumerate(arity)}
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
    imports = [FunctionImport(key, program.kernels[key].entry, (ValType.I32,) * n) for key, n in arity.items()]
    binary = module([Function("run", params, (), bytes(body))], imports)
    return binary, [(kernel.module, kernel.name) for kernel in imports]


def _advance(local: int, size: int) -> bytes:
    return _GET + uleb(local) + _CONST + sleb(size) + _ADD + _SET + uleb(local)
