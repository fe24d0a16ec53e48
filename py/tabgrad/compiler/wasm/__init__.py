"""A back end for tinygrad that writes WebAssembly SIMD binaries, in pure Python, in CPython and in Pyodide.

README.md beside this file follows one kernel from tinygrad's UOps to bytes.
"""

from .opts import optimize
from .renderer import RENDERERS

__all__ = ["RENDERERS", "optimize"]
