"""Reads tinygrad's linear UOps of one kernel: which UOp is a constant, which loads an element, which loop is where.

tinygrad 0.14 gives a renderer a list of scalar UOps. Loads and stores of one to four consecutive elements address PARAM
buffers; register BUFFERs hold the accumulators of reductions. This module answers questions about the list and never
changes it.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from tinygrad.dtype import dtypes
from tinygrad.uop.ops import Ops, UOp

from tabgrad.program import ProgramError
from tabgrad.program.wasm_binary import SLACK_BYTES


class UnsupportedOpError(ProgramError):
    """The kernel uses something this compiler cannot express in WebAssembly."""


class Element(NamedTuple):
    """One element that a load reads from a global buffer: `param[base + offset]`. A constant index has base None."""

    param: UOp
    base: UOp | None
    offset: int
    load: UOp

    @property
    def is_gated(self) -> bool:
        """Whether the load has a gate."""
        return len(self.load.src) > 1

    @property
    def alternative(self) -> UOp:
        """The value of a gated load if its gate is false."""
        value = self.load.src[1]
        return value.src[0] if value.op is Ops.STACK else value


def is_const(u: UOp) -> bool:
    """Whether `u` is a literal, which tinygrad writes as a CAST of a CONST."""
    return bool(u.op is Ops.CAST and u.src[0].op is Ops.CONST)


def const_value(u: UOp) -> Any:
    """The literal's value: bool, int or float."""
    return u.src[0].val


def split_offset(index: UOp) -> tuple[UOp | None, int]:
    """An index as (variable part or None, constant part)."""
    if is_const(index):
        return None, int(const_value(index))
    if index.op is Ops.ADD:
        for base, constant in (index.src, index.src[::-1]):
            if is_const(constant):
                return base, int(const_value(constant))
    return index, 0


def storage(u: UOp) -> UOp:
    """The PARAM or BUFFER that an address points into."""
    while u.op not in (Ops.PARAM, Ops.BUFFER):
        u = u.src[0]
    return u


class LinearUOps:
    """The UOps of a kernel with their positions, segments and loops.

    A segment is the code between two boundaries of loops or conditions; segments are numbered in order. `path[s]` lists
    the RANGEs and IFs that segment s is in, outermost first.
    """

    def __init__(self, uops: list[UOp]) -> None:
        self.uops = uops
        self.position = {u: i for i, u in enumerate(uops)}
        self.params = sorted((u for u in uops if u.op is Ops.PARAM), key=lambda u: u.arg.slot)
        self.param_local = {u: i for i, u in enumerate(self.params)}
        self.segment: dict[UOp, int] = {}
        self.path: list[tuple[UOp, ...]] = [()]
        self.stores: dict[UOp, list[UOp]] = {}
        self.uses: dict[UOp, int] = {}
        for u in uops:
            if u.op in (Ops.RANGE, Ops.IF):
                self.path.append((*self.path[-1], u))
            elif u.op in (Ops.END, Ops.ENDIF):
                self.path.append(self.path[-1][:-1])
            self.segment[u] = len(self.path) - 1
            if u.op is Ops.STORE:
                self.stores.setdefault(storage(u.src[0]), []).append(u)
            for s in u.src:
                self.uses[s] = self.uses.get(s, 0) + 1

    def element(self, u: UOp) -> Element | None:
        """The buffer element that the scalar `u` loads; None if it is no such load."""
        load, lane = u, 0
        if u.op is Ops.INDEX and u.src[0].op is Ops.LOAD:
            load, lane = u.src[0], int(const_value(u.src[1]))
        if load.op is not Ops.LOAD or load.src[0].op not in (Ops.INDEX, Ops.SHRINK):
            return None
        param = storage(load.src[0])
        if param.op is Ops.BUFFER:
            return None
        base, offset = split_offset(load.src[0].src[1])
        return Element(param, base, offset + lane, load)

    def register(self, u: UOp) -> tuple[UOp, int] | None:
        """The (accumulator buffer, element) that the scalar `u` loads; None if it is no such load."""
        if u.op is not Ops.LOAD or u.src[0].op is not Ops.INDEX:
            return None
        buffer = storage(u.src[0])
        return (buffer, self.register_index(u.src[0])) if buffer.op is Ops.BUFFER else None

    def register_index(self, index: UOp) -> int:
        """The constant index of an access to an accumulator."""
        if not is_const(index.src[1]):
            raise UnsupportedOpError(
                "A kernel indexes its registers by a variable, which WebAssembly locals cannot do."
            )
        return int(const_value(index.src[1]))

    def stays_in_slack(self, element: Element) -> bool:
        """Whether a gated load can ignore its gate: out of bounds it reads only the slack around the arena."""
        index, size = element.load.src[0].src[1], element.load.dtype.itemsize
        last = index.vmax * size - element.param.max_numel() * element.param.dtype.itemsize
        return bool(index.vmin * size >= -SLACK_BYTES + 32 and last <= SLACK_BYTES - 32)


def is_float(u: UOp) -> bool:
    """Whether the value is a float32, the only float type here."""
    return bool(u.dtype == dtypes.float32)
