"""How long work may take that nothing can interrupt, so that the page hears of it beforehand.

WebAssembly computes while the worker's own event loop stands still: in the middle of a step it answers no ping, and
the page ends a worker that answers none for three seconds. A step that was timed is announced with a margin; before
the first one only its arithmetic is known. Owns these estimates; times nothing itself.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from tabgrad.program import Program
from tabgrad.protocol import AnyEvent, Busy

#: Gets the seconds that the next piece of work may take.
Announce = Callable[[float], object]
#: Work shorter than this needs no word: the page has more patience. Seconds.
UNANNOUNCED_S = 1.0
#: Steps do not all take the same time; other programs want the processor, too.
MARGIN = 4.0
#: No engine on no machine is slower: interpreted WebAssembly on an old phone. Operations a second.
SLOWEST_OPS_PER_S = 1e8
#: A worker that is silent for longer is lost, whatever it does. Seconds.
LONGEST_S = 300.0
#: Products in a training step for each in the forward pass: gradients of weights and of inputs cost as much again.
_PASSES = 3
#: tinygrad's Newton-Schulz iterations in a step of Muon.
_MUON_ITERATIONS = 5


def unannounced(_seconds: float) -> None:
    """For whoever has nobody to tell."""


def announcer(emit: Callable[[AnyEvent], None]) -> Announce:
    """Sends Busy for what takes longer than `UNANNOUNCED_S`."""

    def announce(seconds: float) -> None:
        if seconds > UNANNOUNCED_S:
            emit(Busy(what="", seconds=seconds))

    return announce


def worst_step_s(program: Program, muon: bool = False) -> float:
    """The longest that one step of a training or an evaluation program may take, in seconds, at most `LONGEST_S`."""
    shapes = [buffer.shape for buffer in program.by_role("weight") if len(buffer.shape) > 1]
    images = program.buffer("x").shape[0]
    products = sum(images * math.prod(shape) * _places(shape) for shape in shapes)
    if program.by_role("state"):
        products *= _PASSES
    if muon:
        products += sum(_orthogonalising(shape) for shape in shapes)
    return min(LONGEST_S, 2 * products / SLOWEST_OPS_PER_S)


def _places(shape: tuple[int, ...]) -> int:
    """How often an image uses each weight at most: a convolution's at every pixel of it."""
    return 28 * 28 if len(shape) == 4 else 1


def _orthogonalising(shape: tuple[int, ...]) -> int:
    """Products of Muon's iterations on a weight of this shape, taken as a matrix s x l: s s l, s s s and s s l each."""
    rows, columns = shape[0], math.prod(shape[1:])
    short, long = min(rows, columns), max(rows, columns)
    return _MUON_ITERATIONS * short * short * (2 * long + short)
