"""Results back from the GPU: a pool of mappable staging buffers, reused so that a prediction allocates nothing.

Owns the map/unmap dance. A staging buffer that failed to map (a lost device, a cancelled caller) is destroyed and never
handed out again.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .gpu import MAP_MODE_READ, BufferUsage


class StagingPool:
    """Staging buffers of one executable, by size in bytes. At most `spare` of a size are kept for later."""

    def __init__(
        self, create: Callable[[int, BufferUsage, str], Any], destroy: Callable[[Any], None], spare: int = 2
    ) -> None:
        self._create, self._destroy, self._spare = create, destroy, spare
        self._free: dict[int, list[Any]] = {}
        self._taken: list[Any] = []

    def take(self, size_bytes: int) -> Any:
        """A buffer to copy into, then to `collect`."""
        free = self._free.get(size_bytes)
        buffer = (
            free.pop() if free else self._create(size_bytes, BufferUsage.MAP_READ | BufferUsage.COPY_DST, "readback")
        )
        self._taken.append(buffer)
        return buffer

    async def collect(self, buffer: Any) -> memoryview:
        """Wait for the work submitted so far and copy the buffer's bytes out; the buffer returns to the pool."""
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
            return  # closed meanwhile, and destroyed with the rest
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
