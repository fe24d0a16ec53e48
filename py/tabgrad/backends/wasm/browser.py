"""The WebAssembly engine in a browser, on the main thread or in a worker, through `interop.webassembly`."""

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
    """The kernel variants that this browser takes, best first."""
    return tuple(
        name for name, body in PROBES.items() if webassembly.validate(module([Function("probe", (), (), body)]))
    )


@contextmanager
def _sentences() -> Iterator[None]:
    """The browser's refusals as what the engine's callers expect."""
    try:
        yield
    except webassembly.WebAssemblyError as error:
        raise EngineError(str(error)) from error


class BrowserHost:
    """One memory; kernels are cached by their key for as long as the device lives."""

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
        with _sentences():
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
        with _sentences():
            exports = await webassembly.instantiate([k.module for k in new.values()], self._memory, MEMORY_IMPORT)
        self._exports |= dict(zip(new, exports, strict=True))

    def link(self, driver: bytes, imports: Sequence[tuple[str, str]]) -> Callable[..., None]:
        """Instantiate a driver."""
        functions = {(key, entry): getattr(self._exports[key], entry) for key, entry in imports}
        with _sentences():
            linked = webassembly.link(driver, self._memory, MEMORY_IMPORT, functions)

        def run(*args: int) -> None:
            with _sentences():
                linked(*args)

        return run

    def destroy(self) -> None:
        """Let the browser collect everything."""
        self._exports.clear()
        self._memory = webassembly.Memory()
