"""WebAssembly as a tinygrad device. It runs in CPython, through wasmtime, and in Pyodide, through the browser.

    import tinygrad_device                       # from here on there is Device["WASM"]
    from tinygrad import Tensor

    (Tensor([1, 2, 3], device="WASM") * 2).tolist()

It computes at once: when a call returns, the work is done. README.md says how tinygrad could take it over.
"""

from .registration import register

__all__ = ["DEVICE"]

#: The name of the device, for `Tensor(…, device=DEVICE)` and `Context(DEV=DEVICE)`.
DEVICE = "WASM"

register(DEVICE)
