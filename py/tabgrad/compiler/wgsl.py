"""The toolchain of the WGSL variants "gpu" and "sw": their renderer and their optimization heuristic (`wgsl_tiles`).

The variant "default" is tinygrad's own and needs no module. Which variant is fastest is measured on the visitor's
machine (`backends.engines.order_variants`), never guessed here.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from .wgsl_tiles import PROFILES, tile_kernel

from tinygrad.dtype import AddrSpace  # isort: skip
from tinygrad.renderer.wgsl import WGSLRenderer, _packed_size  # isort: skip


class SizedWGSLRenderer(WGSLRenderer):  # type: ignore[misc] # tinygrad is untyped here
    """Declares storage buffers with their length: `array<f32,100352>` instead of `array<f32>`.

    Browsers clamp every index to the buffer's length. A length that is known at compile time makes this cheaper: it
    saves 7 to 15 % of a training step on SwiftShader.
    """

    def buf_map(self, u: Any) -> str:
        element: str = super().buf_map(u)
        return f"{element},{_packed_size(u)}" if u.addrspace == AddrSpace.GLOBAL else element


class _GpuRenderer(SizedWGSLRenderer):
    pass


class _SoftwareRenderer(SizedWGSLRenderer):
    pass


#: tinygrad caches compiled kernels by renderer class, so each variant has its own.
_RENDERERS: dict[str, type[SizedWGSLRenderer]] = {"gpu": _GpuRenderer, "sw": _SoftwareRenderer}


def renderer_for(variant: str) -> type[SizedWGSLRenderer]:
    """Renderer class of the variant "gpu" or "sw"."""
    return _RENDERERS[variant]


def wgsl_opts(variant: str) -> Callable[[Any], Any]:
    """The optimization heuristic of the variant: tinygrad Scheduler -> Scheduler."""
    return partial(tile_kernel, profile=PROFILES[variant])
