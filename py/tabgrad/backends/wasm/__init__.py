"""The WebAssembly engine: runs programs of target "wasm" on one core, in the browser or through wasmtime.

device = await open_device()                      # EngineError where there is no WebAssembly SIMD
executable = await device.load(program)
logits = (await executable.run({"x": x}, ["logits"]))["logits"]
"""

from .device import WasmDevice, WasmExecutable, open_device
from .host import open_host

__all__ = ["WasmDevice", "WasmExecutable", "open_device", "open_host"]
