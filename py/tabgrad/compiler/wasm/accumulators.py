"""Where the accumulators of a kernel's reductions live: in scalar locals, or four to a v128 local.

Owns the mapping; `reductions` decides it.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from tinygrad.uop.ops import Ops, UOp

from .linear import LinearUOps

Register = tuple[UOp, int]  # the register BUFFER and the element


@dataclass(frozen=True, slots=True)
class Place:
    """A local that holds an accumulator: whole, as one lane of a vector (vertical), or as four partial results that
    are combined with `across` when read (horizontal).
    """

    local: int
    lane: int | None = None
    across: Ops | None = None


@dataclass(slots=True)
class Accumulators:
    """Places of all accumulators, and the groups of four that share a vector, with its local."""

    places: dict[Register, Place] = field(default_factory=dict)
    groups: dict[tuple[Register, ...], int] = field(default_factory=dict)

    def group_of(self, linear: LinearUOps, lanes: tuple[UOp, ...]) -> int | None:
        """The local of the vector that holds exactly these four accumulators in this order."""
        registers = tuple(r for u in lanes if (r := linear.register(u)) is not None)
        return self.groups.get(registers) if len(registers) == 4 else None
