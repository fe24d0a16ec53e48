"""Where the accumulators of a kernel's reductions are kept: each in a scalar local, or four in a v128 local.

Owns the mapping from accumulators to locals; `reductions` decides it.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from tinygrad.uop.ops import Ops, UOp

from .linear import LinearUOps

Register = tuple[UOp, int]  # the register BUFFER and the element


@dataclass(frozen=True, slots=True)
class Place:
    """The local of an accumulator.

    A scalar local holds it whole. A vector holds it in one lane, `lane` (vertical), or as four partial results that
    are combined with the op `across` when it is read (horizontal).
    """

    local: int
    lane: int | None = None
    across: Ops | None = None


@dataclass(slots=True)
class Accumulators:
    """The place of each accumulator, and the local of each group of four that shares a vector."""

    places: dict[Register, Place] = field(default_factory=dict)
    groups: dict[tuple[Register, ...], int] = field(default_factory=dict)

    def group_of(self, linear: LinearUOps, lanes: tuple[UOp, ...]) -> int | None:
        """The local of the vector that holds these four accumulators in this order; None if there is none."""
        registers = tuple(r for u in lanes if (r := linear.register(u)) is not None)
        return self.groups.get(registers) if len(registers) == 4 else None
