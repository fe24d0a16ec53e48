"""tinygrad as a pure compiler: `Capture` turns tensors into a `Program` without executing anything.

    with Capture("infer", "wasm") as c:
        x = c.buffer("x", "input", (1, 784))
        c.output("logits", network(x))
    c.program                                         # a `tabgrad.program.Program`

It gives the same bytes in CPython (ahead of time) and in the page's worker (live). Importing this package imports
tinygrad. A module that imports tinygrad itself imports `environment` first.
"""

from . import environment
from .capture import TINYGRAD_VERSION, Capture, kernel_cache
from .progress import watching
from .stub import NoValueError, compiling_for, current_target

__all__ = [
    "TINYGRAD_VERSION",
    "Capture",
    "NoValueError",
    "compiling_for",
    "current_target",
    "environment",
    "kernel_cache",
    "wasm",
    "watching",
]
