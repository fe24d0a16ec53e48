"""What is known of a tensor before anything is computed: its buffer, and whether it is one number throughout."""

from __future__ import annotations

from typing import Any

from tabgrad.program import ProgramError

from .stub import DEVICES

from tinygrad import Tensor  # isort: skip # after the stub devices are in place
from tinygrad.uop.ops import GroupOp, Ops  # isort: skip


def buffer_of(tensor: Tensor) -> Any:
    """The tinygrad Buffer behind a realised tensor. Raises ProgramError if the tensor has no buffer of its own."""
    uop = tensor.uop.base
    while uop.op is not Ops.BUFFER:
        if not uop.src:
            raise ProgramError("A tensor of the program has no buffer of its own: it is a constant.")
        uop = uop.src[0]
    return uop.buffer


#: A tensor that is one number throughout still is after these.
_KEEP_A_FILL = (GroupOp.Movement - {Ops.PAD}) | {Ops.CAST, Ops.CONTIGUOUS}


def fill_of(tensor: Tensor) -> float | None:
    """The number that a tensor holds throughout, None if it holds several or one that is not known here."""
    uop = tensor.uop
    while True:
        if uop.op in _KEEP_A_FILL:
            uop = uop.src[0]
        elif uop.op is Ops.AFTER and uop.src[1].op is Ops.STORE and uop.src[1].src[0] is uop.src[0]:
            uop = uop.src[1].src[1]  # what was stored into all of it
        else:
            break
    if uop.op is Ops.BUFFER and uop.device in DEVICES.values():
        return 0.0  # `Tensor.empty`
    return float(uop.val) if uop.op is Ops.CONST else None
