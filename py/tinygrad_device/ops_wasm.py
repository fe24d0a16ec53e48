"""The device: an allocator in WebAssembly's linear memory, and programs that call compiled modules.

Kernels are written by `tabgrad.compiler.wasm`; memory and modules belong to `tabgrad.backends.wasm`. This module owns
only what tinygrad asks of a device. Each device has a memory of its own.
"""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

import numpy as np

from tabgrad.backends import wasm as engine
from tabgrad.compiler import wasm as compiler

from .graph import WasmGraph

from tinygrad.device import Allocator, Compiled, Program  # isort: skip # after `environment`, which `compiler` imports


class WasmAllocator(Allocator):  # type: ignore[misc] # tinygrad is untyped here
    """Buffers are regions of the arena. What is freed is used again; the memory grows and never shrinks."""

    def _alloc(self, size: int, options: Any) -> Any:
        if options.external_ptr is not None:
            raise RuntimeError("The device WASM has its own memory and cannot use memory from outside.")
        return self.dev.engine.allocate(size)

    def _free(self, opaque: Any, options: Any) -> None:
        self.dev.engine.arena.release(opaque)

    def _copyin(self, dest: Any, src: memoryview) -> None:
        self.dev.engine.host.write(dest.address, np.frombuffer(src, np.uint8))

    def _copyout(self, dest: memoryview, src: Any) -> None:
        self.dev.engine.host.read(src.address, np.frombuffer(dest, np.uint8))

    def _offset(self, buf: Any, size: int, offset: int) -> Any:
        """A view: tinygrad frees its base, never the view."""
        return replace(buf, address=buf.address + offset, size_bytes=size)


class WasmProgram(Program):  # type: ignore[misc] # tinygrad is untyped here
    """One kernel: a module with a function of the byte address of each buffer, then the values of the variables."""

    def __init__(self, dev: Any, obj: Any) -> None:
        self.run = dev.engine.host.link(obj.lib, (), obj.name)

    def __call__(self, *bufs: Any, vals: tuple[int, ...] = (), wait: bool = False, **_launch: Any) -> float | None:
        begin = time.perf_counter()
        self.run(*(buffer.address for buffer in bufs), *vals)
        return time.perf_counter() - begin if wait else None


class WASMDevice(Compiled):  # type: ignore[misc] # tinygrad is untyped here
    """`Device["WASM"]`. DEV=WASM:RELAXEDWASM chooses fused multiply-adds, where the machine has them.

    Without them, which is the default, every machine computes the same bits.
    """

    def __init__(self, device: str) -> None:
        self.engine = engine.WasmDevice(engine.open_host())
        renderers = [compiler.RENDERERS[name] for name in ("simd", "relaxed") if name in self.engine.variants]
        super().__init__(device, WasmAllocator(self), renderers, WasmProgram, WasmGraph)
