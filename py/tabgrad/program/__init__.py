"""The contract between the compiler, which makes programs, and the engines, which run them.

A `Program` is plain data: kernels keyed by a hash of their code, typed buffers with a role, and a dispatch list. It
knows nothing of tinygrad, of WebGPU objects or of networks. This package reads, writes and validates programs; it
never compiles and never executes. The binary format of WebAssembly kernels is part of the contract: `wasm_binary`
writes modules, `wasm_opcodes` names the instructions.

    program = loads(path.read_text())                 # ProgramError with one sentence if anything is wrong
    [buffer.name for buffer in program.by_role("input")]
    assert dumps(program) == path.read_text()         # canonical: the same program gives the same bytes
"""

from .codec import dumps, loads, program_hash
from .schema import (
    DTYPES,
    VARIANTS,
    Buffer,
    BufferLimitError,
    Dispatch,
    Kernel,
    Program,
    ProgramError,
    Role,
    Target,
    TooLargeError,
    UnusedInputError,
    kernel_key,
)
from .validate import Limits, check_device, validate

__all__ = [
    "DTYPES",
    "VARIANTS",
    "Buffer",
    "BufferLimitError",
    "Dispatch",
    "Kernel",
    "Limits",
    "Program",
    "ProgramError",
    "Role",
    "Target",
    "TooLargeError",
    "UnusedInputError",
    "check_device",
    "dumps",
    "kernel_key",
    "loads",
    "program_hash",
    "validate",
    "wasm_binary",
    "wasm_opcodes",
]
