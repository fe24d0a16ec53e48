"""Questions about the axes of a kernel (tinygrad's RANGEs) that the tilings for WGSL and for WebAssembly ask."""

from __future__ import annotations

from . import environment  # noqa: F401 - must run before tinygrad is imported

from tinygrad.uop.ops import Ops, UOp  # isort: skip


def size(axis: UOp) -> int:
    """The number of values of an axis."""
    return int(axis.vmax) + 1


def stride(axis: UOp, index: UOp) -> int | None:
    """Elements between neighbours along `axis`: 0 if `index` does not depend on it, None if not linearly."""
    total = 0
    for term in index.split_uop(Ops.ADD):
        if term is axis:
            total += 1
        elif term.op is Ops.MUL and axis in term.src and any(s.op is Ops.CONST for s in term.src):
            total += next(int(s.val) for s in term.src if s.op is Ops.CONST)
        elif axis in term.backward_slice:
            return None
    return total
