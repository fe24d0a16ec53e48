"""The contract between the two worlds: what the compiler makes and the engines run.

A `Program` is plain data: kernels keyed by a hash of their source, typed buffers with a role, and a dispatch
list. It knows nothing of tinygrad, of WebGPU objects or of networks. This package reads, writes and validates
programs and the safetensors files that carry their weights; it never compiles and never executes.
"""

from .codec import dumps, loads, program_hash
from .schema import DTYPES, Buffer, Dispatch, Kernel, Program, ProgramError, Role, Target, kernel_key
from .validate import Limits, check_device, validate

__all__ = [
    "DTYPES",
    "Buffer",
    "Dispatch",
    "Kernel",
    "Limits",
    "Program",
    "ProgramError",
    "Role",
    "Target",
    "check_device",
    "dumps",
    "kernel_key",
    "loads",
    "program_hash",
    "validate",
]
