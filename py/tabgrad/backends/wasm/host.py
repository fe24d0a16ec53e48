"""What the WebAssembly engine needs from a WebAssembly runtime: a memory, and modules turned into functions.

Opens the host of this machine: `interop.webassembly` in a browser, `native` outside one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from numpy.typing import NDArray

from tabgrad.interop import IN_BROWSER
from tabgrad.program.wasm_binary import MEMORY_IMPORT, Function, module

from ..base import EngineError

_SPLAT, _MADD, _DROP = b"\x43\x00\x00\x00\x00\xfd\x13", b"\xfd\x85\x02", b"\x1a"
#: The code of the smallest functions that use what a variant needs: f32x4.splat; f32x4.relaxed_madd.
_PROBES = {"relaxed": _SPLAT * 3 + _MADD + _DROP, "simd": _SPLAT + _DROP}


class WasmHost(Protocol):
    """One WebAssembly runtime with one linear memory that all kernels import. What fails raises EngineError."""

    variants: tuple[str, ...]  #: kernel variants it can run, best first
    description: str  #: what the badge shows

    def reserve(self, pages: int) -> None:
        """Grow the memory to at least `pages` of 64 KiB."""

    def write(self, address: int, value: NDArray[Any]) -> None:
        """Copy a contiguous array into memory."""

    def read(self, address: int, out: NDArray[Any]) -> None:
        """Copy memory into a contiguous array."""

    async def load(self, modules: Mapping[str, bytes]) -> None:
        """Compile and instantiate the kernels that are new, by their key."""

    def link(self, binary: bytes, imports: Sequence[tuple[str, str]], entry: str = "run") -> Callable[..., None]:
        """Instantiate a module at once, with kernels given as (key, entry); return its function `entry`."""

    def destroy(self) -> None:
        """Free the memory and all kernels."""


def open_host() -> WasmHost:
    """The host of this browser, or wasmtime outside one. Raises EngineError."""
    if not IN_BROWSER:
        from .native import NativeHost

        return NativeHost()
    from tabgrad.interop.webassembly import BrowserHost, validate

    variants = tuple(name for name, code in _PROBES.items() if validate(module([Function("probe", (), (), code)])))
    if not variants:
        raise EngineError("This browser has no WebAssembly SIMD; any browser since 2023 has it. Please update it.")
    fused = " with FMA" if "relaxed" in variants else ""
    return BrowserHost(variants, f"WebAssembly SIMD{fused}", MEMORY_IMPORT, EngineError)
