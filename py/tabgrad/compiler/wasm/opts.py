"""Tiling for 128-bit SIMD: which loops of a kernel are unrolled, so that `lanes` finds vectors and registers are used.

Replaces tinygrad's `hand_coded_optimizations`. There are 16 vector registers and no threads, so the innermost loop
should compute a tile of up to eight vector accumulators with as few loads as possible. One axis gives the four lanes:
an output axis (vertical accumulators) or a reduction axis (horizontal ones). Up to two output axes give the other sides
of the tile. All tiles that fit are compared by an estimate of machine cycles. Owns the choice only.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tinygrad.codegen.opt import Opt, OptOps
from tinygrad.uop.ops import AxisType, Ops, UOp

from ..axes import size, stride

LANES = 4
#: The most vector accumulators of a tile: with their operands they fill the machine's registers.
MAX_VECTORS = 8
_WIDTHS = (4, 8, 16)  # tinygrad refuses larger ones
_FACTORS = (1, 2, 3, 4, 5, 6, 7, 8)
#: A reduction of at most SHORT_REDUCTION steps (a filter row, a 2x2 pool) is unrolled completely, as long as no more
#: than MAX_UNROLLED values are computed at once.
SHORT_REDUCTION, MAX_UNROLLED = 5, 192
#: A typical machine: instructions issued per cycle, cycles until a sum is available, instructions that a loop adds.
_ISSUE, _LATENCY, _LOOP = 4, 4, 6
#: Iterations that the machine overlaps by itself: a reduction this short needs no independent accumulators.
_WINDOW = 16
#: The cost of compiling one more unrolled value, in cycles per run, if a kernel runs about 10,000 times.
_COMPILE = 200
#: Instructions to load four lanes, by the distance between them in elements; any other distance needs a gather.
_LOAD_COST = {0: 1.0, 1: 1.0, -1: 2.0, 2: 2.5}
_GATHER_COST = 7.0


@dataclass(frozen=True)
class Tile:
    """What to unroll: the axis `lanes` by `width`, for the vectors, and each output axis of `sides` by its factor."""

    lanes: UOp
    width: int
    sides: tuple[tuple[UOp, int], ...]

    @property
    def vectors(self) -> int:
        """The number of vector accumulators; without a reduction, of result vectors."""
        return self.width // LANES * math.prod(factor for _, factor in self.sides)


class _Tiler:
    """Applies optimizations to tinygrad's Scheduler. Identifies axes by their `arg`, since positions change."""

    def __init__(self, scheduler: Any) -> None:
        self.k = scheduler.copy()
        stores = [u.src[0] for u in self.k.ast.backward_slice_with_self if u.op is Ops.STORE]
        stores = [s for s in stores if s.op is Ops.INDEX]
        self.stores = [s.src[1].get_idx() for s in stores]
        self.loads = list(dict.fromkeys(b.src[1].get_idx() for b in self.k.bufs if b not in stores))
        self.outputs = [self.k.rngs[i] for i in self.k.upcastable_dims]
        self.reduced = [r for r in self.k.ranges_of(AxisType.REDUCE) if r.vmax > 0]
        self.steps = math.prod(map(size, self.reduced))
        self.size = math.prod(map(size, self.outputs))

    def run(self) -> Any:
        if self.stores and (tiles := list(self._tiles())):
            best = min(tiles, key=self.cycles)
            for axis, factor in best.sides:
                self._unroll(axis, factor)
            self._unroll(best.lanes, best.width)
        self._unroll_short_reduction()
        return self.k

    # -- the choice

    def _tiles(self) -> Iterator[Tile]:
        """All tiles that fit. Without a reduction no load is reused, so one vector per step is enough."""
        for lanes in (*self.outputs, *self.reduced):
            widths = _WIDTHS if lanes in self.outputs and self.reduced else (LANES,)
            others = [r for r in self.outputs if r is not lanes] if self.reduced else []
            for width in (w for w in widths if size(lanes) % w == 0):
                yield from (Tile(lanes, width, sides) for sides in self._sides(others, MAX_VECTORS * LANES // width))

    def _sides(self, axes: list[UOp], room: int) -> Iterator[tuple[tuple[UOp, int], ...]]:
        options = [[(r, f) for f in _FACTORS[1:] if size(r) % f == 0] for r in axes]
        yield ()
        for option in options:
            yield from ((side,) for side in option if side[1] <= room)
        for first, second in itertools.combinations(options, 2):
            yield from (pair for pair in itertools.product(first, second) if pair[0][1] * pair[1][1] <= room)

    def cycles(self, tile: Tile) -> float:
        """Estimated cycles of one run of the kernel, including a share of its compilation."""
        horizontal = tile.lanes in self.reduced
        loads = sum(self._accesses(tile, index) for index in self.loads)
        issue = (loads + 2 * tile.vectors + _LOOP) / _ISSUE
        latency = _LATENCY if self.steps > _WINDOW else 0
        stores = sum(self._accesses(tile, index) for index in self.stores) + (6 * tile.vectors if horizontal else 0)
        steps = self.steps // LANES if horizontal else self.steps
        tiles = self.size / (tile.vectors * (1 if horizontal else LANES))
        return tiles * (max(issue, latency) * steps + stores / _ISSUE) + _COMPILE * LANES * tile.vectors

    def _accesses(self, tile: Tile, index: UOp) -> float:
        """Instructions to load or store the tile's elements at `index`.

        An index that is nothing but the axis of a side (a bias) counts once: it is loaded before the reduction.
        """
        step = stride(tile.lanes, index)
        count = math.prod(factor for axis, factor in tile.sides if axis in index.backward_slice)
        cost = _GATHER_COST if step is None else _LOAD_COST.get(step, _GATHER_COST)
        return count * cost * (tile.width // LANES if step != 0 else 1)

    # -- applying it

    def _unroll(self, axis: UOp, amount: int) -> None:
        if axis in self.reduced:
            names = [self.k.rngs[i].arg for i in self.k.unrollable_dims]
            self.k.apply_opt(Opt(OptOps.UNROLL, names.index(axis.arg), amount))
        else:
            position = next(i for i, r in enumerate(self.k.rngs) if r.arg == axis.arg)
            self.k.apply_opt(Opt(OptOps.UPCAST, position, amount))

    def _unroll_short_reduction(self) -> None:
        """Unroll it if the loop instructions that this saves in every run outweigh the compilation."""
        dims = self.k.unrollable_dims
        if not dims:
            return
        steps, values = self.k.full_shape[dims[-1]], self.k.upcast_size()
        saved = self.size * self.steps / values * _LOOP / _ISSUE
        if steps <= SHORT_REDUCTION and values * steps <= MAX_UNROLLED and saved > _COMPILE * values * (steps - 1):
            self.k.apply_opt(Opt(OptOps.UNROLL, len(dims) - 1, 0))


def optimize(scheduler: Any) -> Any:
    """A copy of the scheduler with the tile chosen here."""
    return _Tiler(scheduler).run()
