"""Opens the fastest engine of this machine: a hardware GPU through wgpu-py, else WebAssembly through wasmtime.

Both run the same programs as the page. WebGPU in software is slower than WebAssembly and is used only on request.
"""

from __future__ import annotations

from contextlib import suppress

from tabgrad.backends import Device, EngineError, engines

NAMES = ("auto", *engines.ENGINES)


async def open_engine(name: str = "auto") -> Device:
    """The engine `name`, or the fastest one for "auto". Raises EngineError if this machine does not have it."""
    if name != "auto":
        return await engines.open_engine(name)
    with suppress(EngineError):
        gpu = await engines.open_engine("webgpu")
        if not gpu.is_software:
            return gpu
        gpu.destroy()
    return await engines.open_engine("wasm")
