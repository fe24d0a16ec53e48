"""The WebGPU engine: runs programs of target "wgsl", in the browser or through wgpu-py.

device = await open_device()                      # EngineError where there is no adapter
executable = await device.load(program)
logits = (await executable.run({"x": x}, ["logits"]))["logits"]
"""

from .device import WebGPUDevice, open_device

__all__ = ["WebGPUDevice", "open_device"]
