"""How many steps to submit at once, so that a command never waits long: found from the time that past chunks took.

Also announces a chunk that may block the worker for long.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from .busy import MARGIN, Announce

T = TypeVar("T")
#: Time for one chunk. Two are in flight, so a command waits for about twice this at most. Seconds.
TARGET_S = 0.04
#: Pixels and labels streamed with one chunk at most. Bytes.
MAX_STREAM_BYTES = 8 << 20
MAX_STEPS = 1024


class Pace:
    """`count` is a power of two: engines keep their stream buffers while the count stays the same.

    `announce` is told how long a chunk may block; `max_step_s` is how long one step may take before any was timed.
    """

    def __init__(self, bytes_per_step: int, announce: Announce, max_step_s: float) -> None:
        self.count = 1
        self._most = max(1, min(MAX_STEPS, MAX_STREAM_BYTES // bytes_per_step))
        self._last = time.perf_counter()
        self._announce, self._longest_step_s, self._blocked_step_s = announce, max_step_s, 0.0

    def restart(self) -> None:
        """Do not count the time since the last chunk: it was spent on something else."""
        self._last = time.perf_counter()

    def submit(self, count: int, work: Callable[[], T]) -> T:
        """Call `work`, which submits `count` steps and on WebAssembly computes them before it returns."""
        self._announce(count * self._longest_step_s)
        began = time.perf_counter()
        result = work()
        self._blocked_step_s = (time.perf_counter() - began) / count
        self._longest_step_s = MARGIN * self._blocked_step_s
        return result

    def finished(self, count: int) -> None:
        """A chunk of `count` steps is done: adapt. At most a doubling a chunk, since the first chunks are slow."""
        now = time.perf_counter()
        # Of two chunks computed before the first was asked for, the second seems to take no time.
        per_step = max(1e-6, (now - self._last) / count, self._blocked_step_s)
        self._last = now
        if self.count * per_step > 1.5 * TARGET_S and self.count > 1:
            self.count //= 2
        elif self.count * per_step < TARGET_S / 1.5 and self.count * 2 <= self._most and count == self.count:
            self.count *= 2
