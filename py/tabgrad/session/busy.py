"""How long the worker may be unable to answer, so that the page is told beforehand.

WebAssembly computes while the worker's event loop stands still: in the middle of a step the worker answers no ping, and
the page ends a worker that answers none for three seconds. The time of a step that was measured is announced with a
margin; before the first step only its arithmetic is known. Owns these estimates; times nothing itself.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from tabgrad.program import Program
from tabgrad.protocol import AnyEvent, Busy
from tabgrad.settings import OPTIMIZERS

#: Is told how many seconds the next piece of work may take.
Announce = Callable[[float], object]
#: Shorter work is not announced: the page waits longer than this anyway. Seconds.
UNANNOUNCED_S = 1.0
#: Steps do not all take the same time, and other programs use the processor, too.
MARGIN = 4.0
#: No engine is slower than this: interpreted WebAssembly on an old phone. Operations a second.
SLOWEST_OPS_PER_S = 1e8
#: A worker that is silent for longer is taken for dead in any case. Seconds.
MAX_SILENCE_S = 300.0
#: Products in a training step for each one in the forward pass: the gradients of weights and inputs add one each.
_PASSES = 3


def no_announcement(_seconds: float) -> None:
    """Tells nobody: for scripts and tests, which have no page."""


def announcer(emit: Callable[[AnyEvent], None]) -> Announce:
    """Sends Busy for what takes longer than `UNANNOUNCED_S`."""

    def announce(seconds: float) -> None:
        if seconds > UNANNOUNCED_S:
            emit(Busy(what="", seconds=seconds))

    return announce


def max_step_s(program: Program, optimizer: str = "") -> float:
    """The longest that one step of a training or evaluation program may take, in seconds, at most `MAX_SILENCE_S`.

    `optimizer` is the setting of that name, empty for an evaluation program.
    """
    shapes = [buffer.shape for buffer in program.by_role("weight") if len(buffer.shape) > 1]
    images = program.buffer("x").shape[0]
    products = sum(images * math.prod(shape) * _uses(shape) for shape in shapes)
    if program.by_role("state"):
        products *= _PASSES
    if optimizer:
        products += sum(map(OPTIMIZERS[optimizer].products, shapes))
    return min(MAX_SILENCE_S, 2 * products / SLOWEST_OPS_PER_S)


def _uses(shape: tuple[int, ...]) -> int:
    """How often an image uses each weight at most: a convolution's weights are used at every pixel."""
    return 28 * 28 if len(shape) == 4 else 1
