"""Engines that run any `Program`, behind one interface: a `Device` loads programs, an `Executable` runs one.

They know no network and no page. `engines` opens one; `webgpu` and `wasm` are the engines, `oracle` is their
reference in NumPy.

    from tabgrad.backends.engines import open_engine

    device = await open_engine("wasm")
    executable = await device.load(program)
    logits = (await executable.run({"x": x}, ["logits"]))["logits"]
"""

from .base import Arrays, Device, DeviceLostError, EngineError, Executable, LaunchTimes, NoAnswerError

__all__ = [
    "Arrays",
    "Device",
    "DeviceLostError",
    "EngineError",
    "Executable",
    "LaunchTimes",
    "NoAnswerError",
    "engines",
    "oracle",
    "wasm",
    "webgpu",
]
