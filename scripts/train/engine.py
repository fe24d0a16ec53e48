"""Opens the fastest engine of this machine: a hardware GPU through wgpu-py, else WebAssembly through wasmtime.

Both run the same programs as the page. WebGPU in software is slower than WebAssembly and is used only on request.
"""

from __future__ import annotations

from tabgrad.backends import Device, EngineError

NAMES = ("auto", "webgpu", "wasm")


async def open_engine(name: str = "auto") -> Device:
    """The engine `name`, or the fastest one for "auto". Raises EngineError if this machine does not have it."""
    if name != "wasm":
        gpu = await _open_gpu(name == "webgpu")
        if gpu is not None:
            return gpu
    from tabgrad.backends.wasm import WasmDevice
    from tabgrad.backends.wasm.native import NativeHost

    return WasmDevice(NativeHost())


async def _open_gpu(insist: bool) -> Device | None:
    from tabgrad.backends.webgpu import WebGPUDevice
    from tabgrad.backends.webgpu.native import request_device

    try:
        device = WebGPUDevice(await request_device())
    except (ImportError, RuntimeError) as error:
        if insist:
            raise EngineError(
                f"wgpu-py found no GPU on this machine ({error}); train on the CPU with --engine wasm."
            ) from error
        return None
    if device.is_software and not insist:
        device.destroy()
        return None
    return device
