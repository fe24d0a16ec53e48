"""How many steps to submit at once, and how long the worker may be unable to answer meanwhile.

A chunk of steps is so short that a command never waits long; its length follows from the time that past chunks took.
WebAssembly computes while the worker's event loop stands still: in the middle of a step the worker answers no ping, and
the page ends a worker that answers none for three seconds. So long chunks are announced, with a margin on the time of a
step that was measured; before the first step only its arithmetic is known.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TypeVar

from tabgrad.interop.clock import now_s, tick_s
from tabgrad.program import Program
from tabgrad.protocol import AnyEvent, Busy
from tabgrad.settings import OPTIMIZERS

T = TypeVar("T")
#: Time for one chunk. Two are in flight, so a command waits for about twice this at most. Seconds.
TARGET_S = 0.04
#: A time of fewer ticks of the clock says nothing: browsers may round it to 0.1 s. Then more chunks are timed together.
USABLE_TICKS = 2
#: Pixels and labels streamed with one chunk at most. Bytes.
MAX_STREAM_BYTES = 8 << 20
MAX_STEPS = 1024
#: Takes the events for the page.
Emit = Callable[[AnyEvent], object]
#: Shorter work is not announced: the page waits longer than this anyway. Seconds.
UNANNOUNCED_S = 1.0
#: Steps do not all take the same time, and other programs use the processor, too.
MARGIN = 4.0
#: No engine is slower than this: interpreted WebAssembly on an old phone. Operations a second.
SLOWEST_OPS_PER_S = 1e8
#: A worker that is silent for longer is taken for dead in any case. Seconds.
MAX_SILENCE_S = 300.0


class Pace:
    """`count` is a power of two: engines keep their stream buffers while the count stays the same.

    `emit` gets Busy before a chunk that may block for long. `max_step_s` bounds a step's time until one is measured.
    """

    def __init__(self, bytes_per_step: int, emit: Emit, max_step_s: float) -> None:
        self.count = 1
        self._most = max(1, min(MAX_STEPS, MAX_STREAM_BYTES // bytes_per_step))
        self._last, self._steps = now_s(), 0  # when the pace was judged last, and the steps done since
        self._emit, self._longest_step_s, self._blocked_step_s = emit, max_step_s, 0.0

    def restart(self) -> None:
        """Do not count the time since the last chunk: it was spent on something else."""
        self._last, self._steps = now_s(), 0

    def submit(self, count: int, work: Callable[[], T]) -> T:
        """Call `work`, which submits `count` steps and on WebAssembly computes them before it returns."""
        if (seconds := count * self._longest_step_s) > UNANNOUNCED_S:
            self._emit(Busy(what="", seconds=seconds))
        began = now_s()
        result = work()
        blocked_s, tick = now_s() - began, tick_s()
        self._blocked_step_s = blocked_s / count if blocked_s >= USABLE_TICKS * tick else 0.0
        self._longest_step_s = MARGIN * (blocked_s + tick) / count
        return result

    def finished(self, count: int) -> None:
        """A chunk of `count` steps is done: adapt. At most a doubling a chunk, since the first chunks are slow."""
        now = now_s()
        self._steps += count
        if now - self._last < USABLE_TICKS * tick_s():
            return
        # Of two chunks computed before the first was asked for, the second seems to take no time.
        per_step = max(1e-6, (now - self._last) / self._steps, self._blocked_step_s)
        self._last, self._steps = now, 0
        if self.count * per_step > 1.5 * TARGET_S and self.count > 1:
            self.count //= 2
        elif self.count * per_step < TARGET_S / 1.5 and self.count * 2 <= self._most and count == self.count:
            self.count *= 2


def max_step_s(program: Program, optimizer: str = "") -> float:
    """The longest that one step of a training or evaluation program may take, in seconds, at most `MAX_SILENCE_S`.

    `optimizer` is the setting of that name, empty for an evaluation program.
    """
    shapes = [buffer.shape for buffer in program.by_role("weight") if len(buffer.shape) > 1]
    images = program.buffer("x").shape[0]
    # A convolution's weights are used at every pixel at most.
    products = sum(images * math.prod(shape) * (28 * 28 if len(shape) == 4 else 1) for shape in shapes)
    if program.by_role("state"):
        products *= 3  # in a training step the gradients of weights and inputs need one product each for each of these
    if optimizer:
        products += sum(map(OPTIMIZERS[optimizer].products, shapes))
    return min(MAX_SILENCE_S, 2 * products / SLOWEST_OPS_PER_S)
