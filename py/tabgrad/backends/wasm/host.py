"""What the WebAssembly engine needs from a WebAssembly runtime: a memory, and modules turned into functions.

`browser` and `native` implement it. Owns the interface only.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from numpy.typing import NDArray

from tabgrad.program import Kernel


class WasmHost(Protocol):
    """One WebAssembly runtime with one linear memory that all kernels import."""

    variants: tuple[str, ...]  #: kernel variants it can run, best first
    description: str  #: what the badge shows

    def reserve(self, pages: int) -> None:
        """Grow the memory to at least `pages` of 64 KiB. Raises EngineError if there is not enough."""

    def write(self, address: int, value: NDArray[Any]) -> None:
        """Copy a contiguous array into memory."""

    def read(self, address: int, out: NDArray[Any]) -> None:
        """Copy memory into a contiguous array."""

    async def load(self, kernels: Mapping[str, Kernel]) -> None:
        """Compile and instantiate the kernels that are new, by their key. Raises EngineError if one is invalid."""

    def link(self, driver: bytes, imports: Sequence[tuple[str, str]]) -> Callable[..., None]:
        """Instantiate a driver with kernels given as (key, entry); return its `run`, which raises EngineError."""

    def destroy(self) -> None:
        """Free the memory and all kernels."""
