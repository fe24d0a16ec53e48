"""Which lines of a source each kernel comes from: operations keep their line on their way through tinygrad.

tinygrad 0.14.0 notes which method made an operation (`TRACEMETA`), but loses that in its scheduler, and no line. So the
line is noted when an operation is made, its gradients inherit it there, and each rewrite of the scheduler hands it on.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType
from typing import Any

from . import environment  # noqa: F401 - must run before tinygrad is imported

from tinygrad import Tensor  # isort: skip
from tinygrad.helpers import Metadata  # isort: skip
from tinygrad.mixin import gradient  # isort: skip
from tinygrad.uop import ops  # isort: skip
from tinygrad.uop.ops import GroupOp, Ops, UOp  # isort: skip

#: Operations that compute or move data. Others, such as constants, are shared by all kernels.
_COUNTED = GroupOp.ALU | {Ops.REDUCE, Ops.CAST, Ops.STORE, Ops.AFTER}


@dataclass(frozen=True)
class Made(Metadata):  # type: ignore[misc] # tinygrad is untyped here
    """Where an operation was made. tinygrad's gradients copy it."""

    line: int = 0

    def __hash__(self) -> int:
        return hash((self.line, self.backward))


class Lines:
    """The lines of operations made in the file `name`; `noted` begins to note them."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._of: dict[UOp, tuple[Made, ...]] = {}

    @contextmanager
    def noted(self) -> Iterator[None]:
        """Within this context operations on tensors, and their gradients, note their line."""
        apply, of_gradients = Tensor._apply_uop, gradient.all_metadata

        def applied(tensor: Any, function: Any, *others: Any, **named: Any) -> Any:
            made = apply(tensor, function, *others, **named)
            if line := self._line():
                for uop in made.uop.toposort(lambda uop: uop not in self._of):
                    self._of.setdefault(uop, (Made("", line=line),))
            return made

        Tensor._apply_uop, gradient.all_metadata = applied, self._of
        try:
            yield
        finally:
            Tensor._apply_uop, gradient.all_metadata = apply, of_gradients

    @contextmanager
    def handed_on(self) -> Iterator[None]:
        """Within this context what an operation is rewritten to has its lines, too."""
        of = self._of

        class HandsOn(ops.RewriteContext):  # type: ignore[misc] # tinygrad is untyped here
            def unified_rewrite(self, root: UOp) -> UOp:
                return self._hand_on(super().unified_rewrite(root))

            def walk_rewrite(self, root: UOp) -> UOp:
                return self._hand_on(super().walk_rewrite(root))

            def _hand_on(self, root: UOp) -> UOp:
                for old, new in self.replace.items():
                    if new is not old and (made := of.get(old)) and (known := of.get(new)) != made:
                        of[new] = tuple(dict.fromkeys((*(known or ()), *made)))
                return root

        before, ops.RewriteContext = ops.RewriteContext, HandsOn
        try:
            yield
        finally:
            ops.RewriteContext = before

    def of_tensor(self, tensor: Tensor) -> int:
        """The line that made a tensor; 0 if it was none of the source."""
        return max((made.line for made in self._of.get(tensor.uop, ())), default=0)

    def of_kernel(self, ast: UOp) -> set[int]:
        """The lines that a kernel comes from; empty if it comes from none of the source."""
        return {made.line for uop in ast.toposort() if uop.op in _COUNTED for made in self._of.get(uop, ())}

    def _line(self) -> int:
        """The line of the source that is running: of the innermost frame there."""
        frame: FrameType | None = sys._getframe(2)
        while frame is not None and frame.f_code.co_filename != self._name:
            frame = frame.f_back
        return frame.f_lineno if frame else 0
