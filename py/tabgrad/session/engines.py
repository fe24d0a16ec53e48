"""Opens the browser's engines for a session and says why it took which. Owns the preference, not the engines."""

from __future__ import annotations

from tabgrad.backends.base import EngineError

from .services import Opened


async def open_engine(choice: str) -> Opened:
    """The engine for "webgpu", "wasm" or "auto". Raises EngineError if it is not to be had.

    "auto" takes WebGPU on graphics hardware. A WebGPU that is software runs on the processor as WebAssembly does,
    and is slower on it; so there, and where there is none, it takes WebAssembly.
    """
    from tabgrad.backends import wasm_browser, webgpu

    if choice == "wasm":
        return Opened(await wasm_browser.open_device(), "it was asked for")
    if choice == "webgpu":
        return Opened(await webgpu.open_webgpu(), "it was asked for")
    try:
        gpu = await webgpu.open_webgpu()
    except EngineError as error:
        return Opened(await wasm_browser.open_device(), str(error))
    if not gpu.is_software:
        return Opened(gpu, "this machine has graphics hardware")
    try:
        wasm = await wasm_browser.open_device()
    except EngineError as error:
        return Opened(gpu, str(error))
    gpu.destroy()
    return Opened(wasm, "WebGPU is emulated on the processor here, which is slower")
