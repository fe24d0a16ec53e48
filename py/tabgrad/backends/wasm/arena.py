"""Where a program's buffers lie in WebAssembly's linear memory: an arena of regions, with scratch that shares space.

Owns addresses; never reads or writes the memory. No buffer lies within SLACK_BYTES of either end of the arena.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from tabgrad.program import Program
from tabgrad.program.wasm_binary import SLACK_BYTES

PAGE_BYTES = 1 << 16
#: Buffers start on a cache line, so that a vector load of an aligned tile never straddles two lines.
ALIGN_BYTES = 64


def _aligned(size: int) -> int:
    return -(-size // ALIGN_BYTES) * ALIGN_BYTES


@dataclass(slots=True)
class Region:
    """A piece of the arena, and the number of executables that use it."""

    address: int
    size_bytes: int
    owners: int = 1


@dataclass(slots=True)
class Arena:
    """Hands out regions, first fit, and reuses freed ones. `end` is one past the last byte in use."""

    end: int = SLACK_BYTES
    free: list[tuple[int, int]] = field(default_factory=list)  # (address, size), sorted, no two adjacent

    def allocate(self, size_bytes: int) -> Region:
        """A region of at least `size_bytes`."""
        size = _aligned(max(size_bytes, 1))
        for i, (address, room) in enumerate(self.free):
            if room >= size:
                self.free[i : i + 1] = [(address + size, room - size)] if room > size else []
                return Region(address, size)
        region = Region(self.end, size)
        self.end += size
        return region

    def release(self, region: Region) -> None:
        """Drop one owner of a region; without owners it is free."""
        region.owners -= 1
        if region.owners:
            return
        spans = sorted([*self.free, (region.address, region.size_bytes)])
        self.free = []
        for address, size in spans:
            if self.free and sum(self.free[-1]) == address:
                self.free[-1] = (self.free[-1][0], self.free[-1][1] + size)
            else:
                self.free.append((address, size))
        if self.free and sum(self.free[-1]) == self.end:
            self.end, _ = self.free.pop()

    @property
    def pages(self) -> int:
        """Pages of 64 KiB that the memory needs, slack included."""
        return -(-(self.end + SLACK_BYTES) // PAGE_BYTES)


def plan_scratch(program: Program) -> tuple[dict[int, int], int]:
    """Offsets of the scratch buffers in one block, by buffer index, and the size of the block, in bytes.

    A scratch buffer is alive from the first to the last dispatch that names it; buffers that are never alive at once
    may overlap. The largest are placed first, each at the lowest offset that is free during its whole life ("greedy
    by size", Pisarchyk and Lee, arXiv:2001.03288).
    """
    lives: dict[int, tuple[int, int]] = {}
    for step, dispatch in enumerate(program.dispatch):
        for index in dispatch.buffers:
            if program.buffers[index].role == "scratch":
                lives[index] = (lives.get(index, (step, step))[0], step)
    offsets: dict[int, int] = {}
    sizes = {index: _aligned(program.buffers[index].size_bytes) for index in lives}
    for index in sorted(lives, key=lambda i: (-sizes[i], i)):
        first, last = lives[index]
        taken = sorted(
            (offsets[other], offsets[other] + sizes[other])
            for other in offsets
            if lives[other][0] <= last and first <= lives[other][1]
        )
        offset = 0
        for begin, end in taken:
            if begin - offset >= sizes[index]:
                break
            offset = max(offset, end)
        offsets[index] = offset
    return offsets, max((offsets[i] + sizes[i] for i in offsets), default=0)
