"""The WebAssembly engine's host in a browser, on the main thread or in a worker, through `interop.webassembly`.

Owns the compiled kernels; never decides where a buffer lies (see `arena`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tabgrad.interop import webassembly
from tabgrad.program import Kernel
from tabgrad.program.wasm_binary import MEMORY_IMPORT, Function, module

from ..base import EngineError

_SPLAT, _MADD, _DROP = b"\x43\x00\x00\x00\x00\xfd\x13", b"\xfd\x85\x02", b"\x1a"
#: The smallest modules that use what a variant needs: f32x4.splat; f32x4.relaxed_madd.
PROBES = {"relaxed": _SPLAT * 3 + _MADD + _DROP, "simd": _SPLAT + _DROP}


def supported_variants() -> tuple[str, ...]:
    """The kernel variants that this browser can run, best first."""
    return tuple(
        name for name, body in PROBES.items() if webassembly.validate(module([Function("probe", (), (), body)]))
    )


@contextmanager
def _as_engine_errors() -> Iterator[None]:
    """Turn the browser's errors into EngineErrors."""
    try:
        yield
    except webassembly.WebAssemblyError as error:
        raise EngineError(str(error)) from error


class BrowserHost:
    """`WasmHost` with one WebAssembly.Memory. Kernels stay cached by their key as long as the device lives."""

    def __init__(self) -> None:
        self.variants = supported_variants()
        if not self.variants:
            raise EngineError("This browser has no WebAssembly SIMD; any browser since 2023 has it. Please update it.")
        fused = " with FMA" if "relaxed" in self.variants else ""
        self.description = f"WebAssembly SIMD{fused}"
        self._memory = webassembly.Memory()
        self._exports: dict[str, Any] = {}

    def reserve(self, pages: int) -> None:
        """Grow the memory."""
        with _as_engine_errors():
            self._memory.reserve(pages)

    def write(self, address: int, value: NDArray[Any]) -> None:
        """Copy an array into memory."""
        self._memory.write(address, value.reshape(-1).view(np.uint8).data)

    def read(self, address: int, out: NDArray[Any]) -> None:
        """Copy memory into an array."""
        self._memory.read(address, out.reshape(-1).view(np.uint8).data)

    async def load(self, kernels: Mapping[str, Kernel]) -> None:
        """Compile and instantiate new kernels, in parallel."""
        new = {key: kernel for key, kernel in kernels.items() if key not in self._exports}
        with _as_engine_errors():
            exports = await webassembly.instantiate([k.module for k in new.values()], self._memory, MEMORY_IMPORT)
        self._exports |= dict(zip(new, exports, strict=True))

    def link(self, driver: bytes, imports: Sequence[tuple[str, str]]) -> Callable[..., None]:
        """Instantiate a driver."""
        functions = {(key, entry): getattr(self._exports[key], entry) for key, entry in imports}
        with _as_engine_errors():
            linked = webassembly.link(driver, self._memory, MEMORY_IMPORT, functions)

        def run(*args: int) -> None:
            with _as_engine_errors():
                linked(*args)

        return run

    def destroy(self) -> None:
        """Drop all references, so that the browser can free the memory."""
        self._exports.clear()
        self._memory = webassembly.Memory()
