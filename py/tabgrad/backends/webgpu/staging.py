"""Reads results back from the GPU through staging buffers, which are reused so that a prediction allocates nothing.

Owns mapping and unmapping. A staging buffer that could not be mapped (the device was lost, the caller was cancelled) is
destroyed and never handed out again.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .gpu import MAP_MODE_READ, BufferUsage


class StagingPool:
    """The staging buffers of one executable. At most `spare` free buffers of each size are kept."""

    def __init__(
        self, create: Callable[[int, BufferUsage, str], Any], destroy: Callable[[Any], None], spare: int = 2
    ) -> None:
        self._create, self._destroy, self._spare = create, destroy, spare
        self._free: dict[int, list[Any]] = {}
        self._taken: list[Any] = []

    def take(self, size_bytes: int) -> Any:
        """A buffer of this size for the GPU to copy into; `collect` reads it and takes it back."""
        free = self._free.get(size_bytes)
        buffer = (
            free.pop() if free else self._create(size_bytes, BufferUsage.MAP_READ | BufferUsage.COPY_DST, "readback")
        )
        self._taken.append(buffer)
        return buffer

    async def collect(self, buffer: Any) -> memoryview:
        """The bytes of a buffer of `take`, copied when all work submitted so far is done."""
        mapped = False
        try:
            await buffer.map_async(MAP_MODE_READ)
            mapped = True
            contents = memoryview(buffer.read_mapped(0, buffer.size)).cast("B")
        finally:
            self._give_back(buffer, mapped)
        return contents

    def _give_back(self, buffer: Any, mapped: bool) -> None:
        if buffer not in self._taken:
            return  # the pool was closed while the caller waited, and the buffer destroyed
        self._taken.remove(buffer)
        free = self._free.setdefault(buffer.size, [])
        if mapped and len(free) < self._spare:
            buffer.unmap()
            free.append(buffer)
        else:
            self._destroy(buffer)

    def close(self) -> None:
        """Destroy all staging buffers; pending `collect` calls fail. Idempotent."""
        for buffer in [*self._taken, *(b for free in self._free.values() for b in free)]:
            self._destroy(buffer)
        self._taken.clear()
        self._free.clear()
