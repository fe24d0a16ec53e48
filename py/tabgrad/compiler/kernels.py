"""Compiled kernels, kept by what they are compiled from, so that unchanged ones need not be compiled again.

tinygrad keeps them for as long as it runs; `KernelCache` can be stored beyond that. Owns its format.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from tabgrad.incoming import fits, read_json
from tabgrad.program import Target

from . import environment  # noqa: F401 - must run before tinygrad is imported

from tinygrad.codegen import to_program_key  # isort: skip
from tinygrad.device import Device  # isort: skip
from tinygrad.uop.ops import Ops, UOp  # isort: skip

#: What is kept at most: the kernels of some ten networks. Bytes of code, as base64 where it is binary.
MAX_BYTES = 4 << 20


@dataclass(frozen=True, slots=True)
class CompiledKernel:
    """A kernel as tinygrad's renderer wrote it: WGSL, or a WebAssembly module in base64.

    `buffers` are the positions of its buffers among the arguments of its call, `size` counts workgroups.
    """

    entry: str
    code: str
    flops: int
    buffers: tuple[int, ...]
    size: tuple[int, ...]


class KernelCache:
    """Kernels by `key_of` what they were compiled from. `grown`: there is more than was last dumped or loaded."""

    def __init__(self) -> None:
        self._kernels: dict[str, CompiledKernel] = {}
        self.grown = False

    def get(self, key: str) -> CompiledKernel | None:
        """The kernel of this key; None if there is none. It counts as the latest used."""
        if (kernel := self._kernels.pop(key, None)) is not None:
            self._kernels[key] = kernel
        return kernel

    def put(self, key: str, kernel: CompiledKernel) -> None:
        """Keep a kernel."""
        self._kernels[key] = kernel
        self.grown = True

    def dumps(self) -> bytes:
        """The latest used kernels as JSON, at most `MAX_BYTES` of code."""
        kept, size = dict[str, Any](), 0
        for key, kernel in reversed(self._kernels.items()):
            size += len(kernel.code)
            if size > MAX_BYTES:
                break
            kept[key] = asdict(kernel)
        self.grown = False
        return json.dumps(dict(reversed(kept.items()))).encode()

    def loads(self, text: bytes) -> None:
        """Add what `dumps` made, behind what there is. What is damaged is left out: it is compiled again."""
        try:
            found = read_json(text, max_bytes=2 * MAX_BYTES)
        except ValueError:
            return
        rows = found if fits(found, dict[str, Any]) else {}
        loaded = {key: kernel for key, row in rows.items() if (kernel := _kernel(row)) is not None}
        self._kernels = loaded | self._kernels


def key_of(call: UOp) -> str:
    """The key of the kernel that a call is to launch; empty if it launches none, as a copy."""
    ast = call.src[0]
    if ast.op is not Ops.SINK:
        return ""
    renderer = Device[call.device if isinstance(call.device, str) else call.device[0]].renderer
    content, kind, *others = to_program_key(ast, renderer)
    text = f"{content.hex()} {kind.__module__}.{kind.__qualname__} {others}"
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def compiled(program: UOp, target: Target) -> CompiledKernel:
    """What tinygrad has compiled a call's kernel to."""
    info = program.arg
    source, binary = (next(s.arg for s in program.src if s.op is op) for op in (Ops.SOURCE, Ops.BINARY))
    estimates = program.src[0].arg.estimates
    return CompiledKernel(
        entry=info.function_name,
        code=base64.b64encode(binary).decode() if target == "wasm" else source,
        flops=int(estimates.ops) if estimates is not None else 0,
        buffers=tuple(info.globals),
        size=tuple(int(n) for n in info.global_size),
    )


def _kernel(row: Any) -> CompiledKernel | None:
    hints: dict[str, Any] = {"entry": str, "code": str, "flops": int, "buffers": list[int], "size": list[int]}
    if (
        not fits(row, dict[str, Any])
        or row.keys() != hints.keys()
        or not all(fits(row[n], h) for n, h in hints.items())
    ):
        return None
    if not _are_positions(row["buffers"]) or not _are_positions(row["size"]):
        return None
    return CompiledKernel(row["entry"], row["code"], row["flops"], tuple(row["buffers"]), tuple(row["size"]))


def _are_positions(values: Sequence[int]) -> bool:
    return all(0 <= value < 1 << 31 for value in values)
