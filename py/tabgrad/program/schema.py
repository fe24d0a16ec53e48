"""The dataclasses of a program. Owns their names and meaning; never reads files (`codec`) or checks (`validate`)."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from tabgrad.incoming import quoted

Target = Literal["wgsl", "wasm"]
Role = Literal["input", "output", "weight", "state", "scratch", "const"]

FORMAT = "tabgrad-program"
VERSION = 1

#: The variants of the programs for each target; the first is the usual one.
VARIANTS: Mapping[Target, tuple[str, ...]] = {"wgsl": ("default", "gpu", "sw"), "wasm": ("simd", "relaxed")}
#: The dtype names of programs and NumPy's dtypes for them. WGSL packs the one-byte types, four to a u32.
DTYPES: Mapping[str, np.dtype[np.generic]] = {
    **{f"{kind}{bits}": np.dtype(f"{kind}{bits}") for bits in (8, 16, 32, 64) for kind in ("int", "uint")},
    **{name: np.dtype(name) for name in ("bool", "float16", "float32")},
}


class ProgramError(ValueError):
    """A program or a weights file cannot be used. The message is one sentence that the page can show."""


class TooLargeError(ProgramError):
    """A program needs more memory than there is. `line` is the line of a source that needs most of it, 0 without."""

    def __init__(self, sentence: str, line: int = 0) -> None:
        super().__init__(sentence)
        self.line = line


class UnusedInputError(ProgramError):
    """No kernel of a program reads one of its inputs."""


class BufferLimitError(ProgramError):
    """A kernel binds more buffers than WebGPU guarantees."""


@dataclass(frozen=True, slots=True)
class Kernel:
    """One compute kernel.

    `source` is WGSL text: binding 0 is a uniform that holds +infinity, bindings 1.. are the storage buffers. `module`
    is a WebAssembly binary: it imports its memory and exports a function that takes an i32 byte address per buffer.
    Exactly one of the two is set. `flops` is the compiler's estimate for one dispatch.
    """

    entry: str
    source: str = ""
    module: bytes = b""
    flops: int = 0


@dataclass(frozen=True, slots=True)
class Buffer:
    """A typed region of device memory.

    Roles: `input` is written by the caller before a run, `output` is read after it. `weight` holds a parameter of the
    network and `state` one of the optimizer; both keep their values between runs, and programs can share them by
    name. `scratch` keeps nothing between runs. `const` is filled once, with `data`.
    """

    name: str
    dtype: str
    shape: tuple[int, ...]
    role: Role
    data: bytes = b""

    @property
    def nbytes(self) -> int:
        """Size of the contents in bytes."""
        return math.prod(self.shape) * DTYPES[self.dtype].itemsize

    @property
    def size_bytes(self) -> int:
        """Size to allocate: `nbytes` rounded up to WebGPU's 4-byte granularity, at least 4."""
        return max(4, -(-self.nbytes // 4) * 4)


@dataclass(frozen=True, slots=True)
class Dispatch:
    """One launch of a kernel: indices into `Program.buffers` in binding order, and the workgroup counts (x, y, z).

    `label` names the tensor operation that it came from, and `lines` are the lines of the source that it comes from, if
    somebody wrote one; both for human readers only.
    """

    kernel: str
    buffers: tuple[int, ...]
    workgroups: tuple[int, int, int] = (1, 1, 1)
    label: str = ""
    lines: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Program:
    """Kernels, buffers, and the launches in order.

    `variant` distinguishes programs for one target: tile sizes for WGSL ("default", "gpu", "sw"), instruction sets for
    WebAssembly ("simd", "relaxed"). `tinygrad` is the version of the compiler.
    """

    name: str
    target: Target
    kernels: Mapping[str, Kernel]
    buffers: tuple[Buffer, ...]
    dispatch: tuple[Dispatch, ...]
    variant: str = "default"
    tinygrad: str = ""

    def index(self, name: str) -> int:
        """Position of the buffer called `name`; ProgramError if there is none."""
        for i, buffer in enumerate(self.buffers):
            if buffer.name == name:
                return i
        raise ProgramError(f"The program {quoted(self.name)} has no buffer named {quoted(name)}.")

    def buffer(self, name: str) -> Buffer:
        """The buffer called `name`; ProgramError if there is none."""
        return self.buffers[self.index(name)]

    def by_role(self, *roles: Role) -> tuple[Buffer, ...]:
        """The buffers with one of these roles, in order."""
        return tuple(b for b in self.buffers if b.role in roles)


def kernel_key(kernel: Kernel) -> str:
    """The key of a kernel in `Program.kernels`: the first 16 hex digits of the SHA-256 of its code.

    tinygrad's kernel names are not unique: with names as keys, the wrong kernel could run.
    """
    return hashlib.sha256(kernel.source.encode() or kernel.module).hexdigest()[:16]
