"""A tinygrad compiler back end that writes WebAssembly SIMD binaries, in pure Python, for CPython and Pyodide alike.

README.md beside this file walks one kernel from tinygrad's UOps to bytes.
"""

from __future__ import annotations

from typing import Any


def renderer_for(flavour: str) -> type[Any]:
    """The tinygrad Renderer class of a program variant: "simd", or "relaxed" with fused multiply-adds."""
    from .renderer import RelaxedWasmRenderer, WasmRenderer

    return RelaxedWasmRenderer if flavour == "relaxed" else WasmRenderer


def wasm_opts(scheduler: Any) -> Any:
    """How to tile and unroll a kernel for 128-bit SIMD: replaces tinygrad's `hand_coded_optimizations`."""
    from .opts import optimize

    return optimize(scheduler)
