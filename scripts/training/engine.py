"""Opens the fastest engine of this machine: a real GPU through wgpu-py, else WebAssembly through wasmtime.

Both run the very programs that the page runs. A GPU that is a CPU in disguise is slower than WebAssembly and is only
taken when asked for. Owns the choice; compiles and trains nothing.
"""

from __future__ import annotations

from tabgrad.backends.base import Device, EngineError

NAMES = ("auto", "webgpu", "wasm")


async def open_engine(name: str = "auto") -> Device:
    """The engine called `name`, or with "auto" the fastest. Raises EngineError if it is not there."""
    if name != "wasm":
        gpu = await _open_gpu(name == "webgpu")
        if gpu is not None:
            return gpu
    from tabgrad.backends.wasm.device import WasmDevice
    from tabgrad.backends.wasm.native import NativeHost

    return WasmDevice(NativeHost())


async def _open_gpu(insist: bool) -> Device | None:
    from tabgrad.backends.webgpu.device import WebGPUDevice
    from tabgrad.backends.webgpu.native import request_device

    try:
        device = WebGPUDevice(await request_device())
    except (ImportError, RuntimeError) as error:
        if insist:
            raise EngineError(f"There is no GPU that wgpu-py can open ({error}); use --engine wasm.") from error
        return None
    if device.is_software and not insist:
        device.destroy()
        return None
    return device
