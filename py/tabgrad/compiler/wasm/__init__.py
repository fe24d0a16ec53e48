"""A back end for tinygrad that writes WebAssembly SIMD binaries, in pure Python, in CPython and in Pyodide.

README.md beside this file follows one kernel from tinygrad's UOps to bytes.

    renderer_for("simd")                              # the Renderer class that tinygrad compiles kernels with
"""

from __future__ import annotations

from typing import Any

__all__ = ["renderer_for", "wasm_opts"]


def renderer_for(variant: str) -> type[Any]:
    """The tinygrad Renderer class of a program variant: "simd", or "relaxed" with fused multiply-adds."""
    from .renderer import RelaxedWasmRenderer, WasmRenderer

    return RelaxedWasmRenderer if variant == "relaxed" else WasmRenderer


def wasm_opts(scheduler: Any) -> Any:
    """How to tile and unroll a kernel for 128-bit SIMD: replaces tinygrad's `hand_coded_optimizations`."""
    from .opts import optimize

    return optimize(scheduler)
