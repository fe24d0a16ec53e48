"""Tiling for 128-bit SIMD: which loops of a kernel are unrolled so that `lanes` finds vectors and registers are used.

Replaces tinygrad's `hand_coded_optimizations`. There are 16 vector registers and no threads, so a reduction gets a
tile of up to eight vector accumulators: the output axis that is contiguous in memory is the vector axis, and an axis
along which some input is reused gives the other side of the tile. Owns the choice only.
"""

from __future__ import annotations

import math
from typing import Any

from tinygrad.codegen.opt import KernelOptError, Opt, OptOps
from tinygrad.uop.ops import AxisType, Ops, UOp

LANES = 4
#: Vector accumulators of a tile: with their operands they fill the machine's registers.
MAX_VECTORS = 8
#: Reductions of at most this many steps are unrolled whole (a 3x3 filter, a 2x2 pool), up to so many values at once.
SHORT_REDUCTION, MAX_UNROLLED = 3, 192


def stride_of(axis: UOp, index: UOp) -> int | None:
    """By how many elements `index` moves when `axis` goes up by one; None if not by a constant."""
    stride = 0
    for term in index.split_uop(Ops.ADD):
        if term is axis:
            stride += 1
        elif term.op is Ops.MUL and axis in term.src and any(s.op is Ops.CONST for s in term.src):
            stride += next(s.val for s in term.src if s.op is Ops.CONST)
        elif axis in term.backward_slice:
            return None
    return stride


class _Tiler:
    """Applies options to tinygrad's Scheduler. Axes are told apart by their `arg`: positions shift."""

    def __init__(self, scheduler: Any) -> None:
        self.k = scheduler.copy()
        stores = [u.src[0] for u in self.k.ast.backward_slice_with_self if u.op is Ops.STORE]
        self.stores = [s for s in stores if s.op is Ops.INDEX]
        self.loads = [b.src[1].get_idx() for b in self.k.bufs if b not in self.stores]

    def apply(self, op: OptOps, axis: int, amount: int) -> bool:
        """Try an option; False if tinygrad does not allow it here."""
        try:
            self.k.apply_opt(Opt(op, axis, amount))
        except KernelOptError:
            return False
        return True

    def upcast(self, axis: UOp, amount: int) -> bool:
        """Unroll an output axis `amount` times."""
        position = next(i for i, r in enumerate(self.k.rngs) if r.arg == axis.arg)
        return self.apply(OptOps.UPCAST, position, amount)

    def users(self, axis: UOp) -> int:
        """How many loads move along `axis`; the others are reused along it."""
        return sum(axis in index.backward_slice for index in self.loads)

    def reuse_axes(self, outputs: list[UOp]) -> list[UOp]:
        """Output axes along which some load is reused, most reuse first."""
        return sorted((r for r in outputs if self.users(r) < len(self.loads)), key=self.users)

    def widen(self, axes: list[UOp], vectors: int, factors: tuple[int, ...]) -> None:
        """Unroll reuse axes until the tile is full."""
        for axis in axes:
            for amount in factors:
                if (axis.vmax + 1) % amount == 0 and vectors * amount <= MAX_VECTORS and self.upcast(axis, amount):
                    vectors *= amount
                    break
            if vectors >= MAX_VECTORS - 2:
                return

    def run(self) -> Any:
        """The scheduler with its options applied."""
        if not self.stores:
            return self.k
        outputs = [self.k.rngs[i] for i in self.k.upcastable_dims]
        target = self.stores[0].src[1].get_idx()
        contiguous = next((r for r in outputs if stride_of(r, target) == 1 and (r.vmax + 1) % LANES == 0), None)
        if self.k.reduceop is None:
            if contiguous is not None:
                self.upcast(contiguous, LANES)
            return self.k
        if contiguous is not None:
            self._tile_outputs(contiguous, [r for r in outputs if r is not contiguous])
        else:
            self._tile_reduction(outputs)
        self._unroll_short_reduction()
        return self.k

    def _tile_outputs(self, contiguous: UOp, others: list[UOp]) -> None:
        """Vectors along the contiguous output axis, more of them along the others."""
        reuse = self.reuse_axes(others)
        size = contiguous.vmax + 1
        # without reuse (matrix times vector) more accumulators hide the latency of the additions
        width = next(w for w in ((16, 8, 4) if not reuse else (8, 4)) if size % w == 0)
        self.upcast(contiguous, width)
        self.widen(reuse, width // LANES, (4, 3, 2))

    def _tile_reduction(self, outputs: list[UOp]) -> None:
        """No output axis is contiguous: take four neighbours of the reduction at once (horizontal accumulators)."""
        for axis in self.k.ranges_of(AxisType.REDUCE):
            if (axis.vmax + 1) % LANES == 0 and all(stride_of(axis, index) in (0, 1) for index in self.loads):
                names = [self.k.rngs[i].arg for i in self.k.unrollable_dims]
                self.apply(OptOps.UNROLL, names.index(axis.arg), LANES)
                break
        self.widen(self.reuse_axes(outputs), 1, (4, 5, 3, 2))

    def _unroll_short_reduction(self) -> None:
        dims = self.k.unrollable_dims
        if not dims:
            return
        steps = self.k.full_shape[dims[-1]]
        if steps <= SHORT_REDUCTION and math.prod((self.k.upcast_size(), steps)) <= MAX_UNROLLED:
            self.apply(OptOps.UNROLL, len(dims) - 1, 0)


def optimize(scheduler: Any) -> Any:
    """A copy of the scheduler with the tile chosen here."""
    return _Tiler(scheduler).run()
