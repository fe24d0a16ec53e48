"""What the WebAssembly engine needs from the place it runs in: a memory, and modules turned into functions."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from numpy.typing import NDArray

from tabgrad.program import Kernel


class WasmHost(Protocol):
    """One WebAssembly runtime with one linear memory that all kernels import."""

    variants: tuple[str, ...]  #: kernel variants it can run, best first
    description: str  #: for the badge

    def reserve(self, pages: int) -> None:
        """Grow the memory to at least `pages` of 64 KiB. Raises EngineError if there is not that much."""

    def write(self, address: int, value: NDArray[Any]) -> None:
        """Copy a contiguous array into memory."""

    def read(self, address: int, out: NDArray[Any]) -> None:
        """Copy memory into a contiguous array."""

    async def load(self, kernels: Mapping[str, Kernel]) -> None:
        """Compile and instantiate kernels not seen before. Raises EngineError if one is refused."""

    def link(self, driver: bytes, imports: Sequence[tuple[str, str]]) -> Callable[..., None]:
        """Instantiate a driver with kernels given as (key, entry) and return its `run`."""

    def destroy(self) -> None:
        """Let go of the memory and of all kernels."""
