"""The WebAssembly engine's host outside a browser: wasmtime, for tests and scripts that run the same programs.

Imports wasmtime only when a host is made. https://github.com/bytecodealliance/wasmtime-py
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..base import EngineError

#: wasmtime itself stops at 10,000, and tinygrad's own tests have more.
MAX_KERNELS = 1 << 24


class NativeHost:
    """`WasmHost` with one wasmtime store and one memory. Kernels are cached by their key as long as the store lives."""

    variants: tuple[str, ...] = ("relaxed", "simd")
    description = "WebAssembly SIMD in wasmtime"

    def __init__(self) -> None:
        try:
            import wasmtime
        except ImportError as error:
            raise EngineError("wasmtime is not installed: pip install wasmtime, or use WebGPU.") from error
        self._wasmtime = wasmtime
        config = wasmtime.Config()
        config.cranelift_opt_level = "speed"
        config.wasm_relaxed_simd = True
        self._engine = wasmtime.Engine(config)
        self._store = wasmtime.Store(self._engine)
        self._store.set_limits(instances=MAX_KERNELS)
        self._memory = wasmtime.Memory(self._store, wasmtime.MemoryType(wasmtime.Limits(1, None)))
        self._exports: dict[str, Any] = {}
        self._view = self._make_view()

    def _make_view(self) -> NDArray[np.uint8]:
        size = self._memory.data_len(self._store)
        address = ctypes.addressof(self._memory.data_ptr(self._store).contents)
        return np.ctypeslib.as_array((ctypes.c_uint8 * size).from_address(address))

    def reserve(self, pages: int) -> None:
        """Grow the memory. Growth may move it, so the view is made again."""
        missing = pages - self._memory.size(self._store)
        if missing <= 0:
            return
        try:
            self._memory.grow(self._store, missing)
        except self._wasmtime.WasmtimeError as error:
            raise EngineError(
                f"The WebAssembly engine needs {pages >> 4} MB of memory, which this machine does not give it."
            ) from error
        self._view = self._make_view()

    def write(self, address: int, value: NDArray[Any]) -> None:
        self._view[address : address + value.nbytes] = value.reshape(-1).view(np.uint8)

    def read(self, address: int, out: NDArray[Any]) -> None:
        out.reshape(-1).view(np.uint8)[:] = self._view[address : address + out.nbytes]

    async def load(self, modules: Mapping[str, bytes]) -> None:
        for key, binary in modules.items():
            if key not in self._exports:
                self._exports[key] = self._instantiate(binary, [self._memory])

    def _instantiate(self, binary: bytes, imports: list[Any]) -> Any:
        wasmtime = self._wasmtime
        try:
            module = wasmtime.Module(self._engine, binary)
            return wasmtime.Instance(self._store, module, imports).exports(self._store)
        except (wasmtime.WasmtimeError, wasmtime.Trap) as error:
            raise EngineError(f"wasmtime refuses a kernel: {error}") from error

    def link(self, binary: bytes, imports: Sequence[tuple[str, str]], entry: str = "run") -> Callable[..., None]:
        functions = [self._exports[key][name] for key, name in imports]
        linked = self._instantiate(binary, [self._memory, *functions])[entry]

        def run(*args: int) -> None:
            try:
                linked(self._store, *args)
            except self._wasmtime.Trap as error:
                reason = str(error).splitlines()[-1].rpartition(": ")[2]  # the last line, below the backtrace
                raise EngineError(f"A WebAssembly kernel was stopped: {reason}.") from error

        return run

    def destroy(self) -> None:
        """Drop the kernels and the view of the memory."""
        self._exports.clear()
        self._view = np.zeros(0, np.uint8)
