"""tinygrad as a pure compiler: `Capture` turns tensors into a `Program` without executing anything.

Runs the same in CPython (ahead of time, scripts/export.py) and in the page's worker (live), with byte-identical
output. Importing it imports tinygrad.
"""

from .capture import TINYGRAD_VERSION, Capture
from .stub import VARIANTS

__all__ = ["TINYGRAD_VERSION", "VARIANTS", "Capture"]
