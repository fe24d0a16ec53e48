"""The toolchain of the WGSL variants "gpu" and "sw": their renderers, and how their kernels are tiled.

The variant "default" is tinygrad's own. Which variant is fastest is measured on the visitor's machine
(`backends.engines.order_variants`), never guessed here.

tinygrad's own heuristic suits GPUs with fast workgroup memory. Here every invocation computes a tile of outputs in
registers: a value is loaded once and used several times, and invocations exchange nothing. The chosen tile has the
fewest loads per multiply-add and still leaves enough invocations to fill the device. This is register blocking: Lam,
Rothberg and Wolf 1991, "The cache performance and optimizations of blocked algorithms".
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from .axes import size, stride

from tinygrad.codegen.opt import KernelOptError, Opt, OptOps  # isort: skip
from tinygrad.codegen.opt.heuristic import hand_coded_optimizations  # isort: skip
from tinygrad.dtype import AddrSpace  # isort: skip
from tinygrad.renderer.wgsl import WGSLRenderer, _packed_size  # isort: skip
from tinygrad.uop.ops import Ops, UOp  # isort: skip


@dataclass(frozen=True, slots=True)
class Profile:
    """Limits of the tiles for a kind of adapter."""

    min_invocations: int  #: a tile leaves at least this many, to keep the device busy
    max_accumulators: int  #: outputs of one invocation; more would not stay in registers
    max_multiply_adds: int  #: in the unrolled loop body
    workgroup: tuple[int, int]  #: fewest and most invocations of a workgroup
    elementwise: int  #: outputs of one invocation if no loaded value is used twice
    shared_reductions: bool  #: whether the invocations of a workgroup may share a reduction through its memory


#: "gpu" is for graphics hardware, "sw" for software adapters such as SwiftShader: they run a workgroup as a loop on a
#: CPU core, so each load and each barrier is expensive.
PROFILES = {
    "gpu": Profile(512, 32, 256, (32, 64), 4, True),
    "sw": Profile(16, 80, 256, (4, 32), 8, False),
}
#: With shared_reductions, a workgroup shares a sum if there are at most FEW_OUTPUTS of at least MANY_TERMS terms.
FEW_OUTPUTS, MANY_TERMS = 2048, 256
#: tinygrad raises if an axis is upcast further.
MAX_UPCAST = 16
#: Costs, with a load as the unit: the loop's own arithmetic per step, and each load that registers cannot hold.
STEP_COST, SPILL_COST, FREE_LOADS = 2.6, 0.35, 32


def divisors(n: int, most: int) -> list[int]:
    """Divisors of n up to `most`, ascending."""
    return [d for d in range(1, min(n, most) + 1) if n % d == 0]


def distinct_loads(index: UOp, tile: Sequence[tuple[UOp, int]]) -> int:
    """How many different addresses the tile of one invocation reads."""
    offsets, factor = {0}, 1
    for axis, count in tile:
        if count == 1 or axis not in index.backward_slice_with_self:
            continue
        step = stride(axis, index)
        if step is None:
            factor *= count
        else:
            offsets = {offset + step * i for offset in offsets for i in range(count)}
    return len(offsets) * factor


class Tiling:
    """The choice for one kernel: how many values of each output axis (`tile`) and reduction axis (`unroll`)."""

    def __init__(self, kernel: Any, profile: Profile) -> None:
        self.kernel, self.profile = kernel, profile
        stores = [u.src[0] for u in kernel.ast.backward_slice_with_self if u.op is Ops.STORE]
        self.store = next(s.src[1].get_idx() for s in stores if s.op is Ops.INDEX)
        self.loads: list[UOp] = [b.src[1].get_idx() for b in kernel.bufs if b not in stores]
        self.outputs: list[UOp] = [kernel.rngs[i] for i in kernel.upcastable_dims]
        self.reductions: list[UOp] = [kernel.rngs[i] for i in kernel.unrollable_dims]
        self.total = math.prod(map(size, self.outputs))
        self.terms = math.prod(map(size, self.reductions))
        #: The axis along which neighbouring outputs are neighbours in memory.
        self.unit: UOp = next((a for a in self.outputs if stride(a, self.store) == 1), (self.outputs or [None])[-1])

    def choose(self) -> tuple[list[int], list[int]]:
        """(tile, unroll), in the order of `outputs` and `reductions`."""
        return self._reduction_tile() if self.reductions else (self._elementwise_tile(), [])

    def _reduction_tile(self) -> tuple[list[int], list[int]]:
        profile = self.profile
        floor = min(profile.min_invocations, max(1, self.total // 4))
        loads = [i for i in self.loads if any(r in i.backward_slice_with_self for r in self.reductions)]
        tiles = [self._tile_counts(axis) for axis in self.outputs]
        unrolls = [[d for d in divisors(size(r), 8) if d in (1, 2, 4, size(r))] for r in self.reductions]
        best = (math.inf, [1] * len(tiles), [1] * len(unrolls))
        for tile in itertools.product(*tiles):
            accumulators = math.prod(tile)
            if accumulators > profile.max_accumulators or self.total // accumulators < floor:
                continue
            for unroll in itertools.product(*unrolls):
                work = accumulators * math.prod(unroll)
                if work > profile.max_multiply_adds:
                    continue
                counts = list(zip(self.outputs + self.reductions, tile + unroll, strict=True))
                n = sum(distinct_loads(index, counts) for index in loads)
                cost = (n + STEP_COST + SPILL_COST * max(0, n - FREE_LOADS)) / work
                # Among equal tiles the smaller kernel wins: it compiles faster.
                best = min(best, (cost + accumulators * 1e-4 + work * 5e-5, list(tile), list(unroll)))
        return best[1], best[2]

    def _tile_counts(self, axis: UOp) -> list[int]:
        """Counts to try. Tiling an axis that every load depends on reuses nothing, unless there are many axes."""
        reuse = any(axis not in index.backward_slice_with_self for index in self.loads)
        return divisors(size(axis), MAX_UPCAST) if reuse or len(self.outputs) > 2 else [1]

    def _elementwise_tile(self) -> list[int]:
        """Several neighbouring outputs per invocation; if a load is transposed, a square of outputs."""
        tile = [1] * len(self.outputs)
        floor = min(64, self.profile.min_invocations, max(1, self.total // 4))
        at = self.outputs.index(self.unit)
        tile[at] = max(d for d in divisors(size(self.unit), self.profile.elementwise) if self.total // d >= floor)
        across = (a for a in self.outputs if a is not self.unit and any(stride(a, i) == 1 for i in self.loads))
        if tile[at] <= 4 and (other := next(across, None)) is not None:
            fits = [d for d in divisors(size(other), 4) if self.total // (d * tile[at]) >= 64]
            tile[self.outputs.index(other)] = max(fits, default=1)
        return tile

    def workgroup(self, tile: Sequence[int]) -> list[tuple[UOp, int]]:
        """The workgroup: (axis, invocations) for up to three axes; neighbours along the first share a cache line."""
        left = {axis: size(axis) // count for axis, count in zip(self.outputs, tile, strict=True)}
        fewest, most = self.profile.workgroup
        wanted = max(fewest, min(most, 1 << max(0, (math.prod(left.values()) // 8).bit_length() - 1)))
        axes = sorted(self.outputs, key=lambda a: (a is not self.unit, -(left[a] & -left[a])))
        if left[self.unit] % 4:  # this axis does not split evenly: begin with the one with the most factors of two
            axes.sort(key=lambda a: -(left[a] & -left[a]))
        out: list[tuple[UOp, int]] = []
        for axis in axes:
            # Not the whole workgroup along one axis: along a second axis, loaded values are used again.
            room = min(wanted, 16 if axis is axes[0] and len(axes) > 1 else 64)
            fits = divisors(left[axis], room)
            count = max(d for d in fits if d & (d - 1) == 0)
            count = fits[-1] if fits[-1] >= 2 * count or fits[-1] == left[axis] else count
            if count > 1 and len(out) < 3:
                out.append((axis, count))
                wanted //= count
        return out


def _axis_number(kernel: Any, axis: UOp) -> int:
    """Position of an axis in the kernel. A split makes a new, shorter axis with the same argument."""
    return next(i for i, r in enumerate(kernel.rngs) if r.arg == axis.arg)


def tile_kernel(kernel: Any, profile: Profile) -> Any:
    """A copy of tinygrad's Scheduler `kernel` with the chosen optimizations applied."""
    kernel = kernel.copy()
    if not any(u.op is Ops.STORE and u.src[0].op is Ops.INDEX for u in kernel.ast.backward_slice_with_self):
        return kernel
    tiling = Tiling(kernel, profile)
    if not tiling.outputs:
        return hand_coded_optimizations(kernel) if profile.shared_reductions else kernel
    if profile.shared_reductions and tiling.total <= FEW_OUTPUTS and tiling.terms >= MANY_TERMS:
        return hand_coded_optimizations(kernel)
    tile, unroll = tiling.choose()
    # LOCAL comes before UPCAST, so that outputs of neighbouring invocations, not of one, are neighbours in memory.
    for axis, count in tiling.workgroup(tile):
        kernel.apply_opt(Opt(OptOps.LOCAL, _axis_number(kernel, axis), count))
    for axis, count in zip(tiling.outputs, tile, strict=True):
        if count > 1:
            kernel.apply_opt(Opt(OptOps.UPCAST, _axis_number(kernel, axis), count))
    for axis, count in zip(tiling.reductions, unroll, strict=True):
        numbers = [kernel.rngs[i].arg for i in kernel.unrollable_dims]
        if count > 1:
            try:
                kernel.apply_opt(Opt(OptOps.UNROLL, numbers.index(axis.arg), 0 if count == size(axis) else count))
            except KernelOptError:  # reductions of different depth: tinygrad cannot unroll all of them
                continue
    return kernel


class SizedWGSLRenderer(WGSLRenderer):  # type: ignore[misc] # tinygrad is untyped here
    """Declares storage buffers with their length: `array<f32,100352>` instead of `array<f32>`.

    Browsers clamp every index to the buffer's length. A length that is known at compile time makes this cheaper: it
    saves 7 to 15 % of a training step on SwiftShader.
    """

    def buf_map(self, u: Any) -> str:
        element: str = super().buf_map(u)
        return f"{element},{_packed_size(u)}" if u.addrspace == AddrSpace.GLOBAL else element


class GpuWGSLRenderer(SizedWGSLRenderer):
    """The renderer of "gpu". tinygrad caches compiled kernels by renderer class, so each variant has its own."""


class SoftwareWGSLRenderer(SizedWGSLRenderer):
    """The renderer of "sw"."""


RENDERERS: dict[str, type[SizedWGSLRenderer]] = {"gpu": GpuWGSLRenderer, "sw": SoftwareWGSLRenderer}
