"""The mean of times that are too short for a browser's clock. Knows nothing of what is timed."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from itertools import accumulate

#: A mean is taken over the latest times that add up to this many ticks of the clock, and over at most so many times.
MIN_TICKS, MAX_TIMES = 10, 64


class MeanTime:
    """The mean of the latest times, of as many as it takes to be accurate.

    As a protection against timing attacks, browsers' clocks tick in steps of 0.1 ms (Chromium) or 1 ms (Firefox,
    WebKit). Something shorter takes 0 or 1 ticks. The mean of many such times is right: ticks fall at random.
    """

    def __init__(self, clock: Callable[[], float] = time.perf_counter) -> None:
        begin = now = clock()
        while now == begin:
            now = clock()
        self._tick_s = now - begin
        self._times_s: deque[float] = deque(maxlen=MAX_TIMES)

    def clear(self) -> None:
        """Forget all times, before something else is timed."""
        self._times_s.clear()

    def add(self, time_s: float) -> float:
        """Add a time in seconds; returns the mean in seconds. All times together count as at least one tick."""
        self._times_s.appendleft(time_s)
        totals_s = list(accumulate(self._times_s))
        enough_s = MIN_TICKS * self._tick_s
        count = next((n for n, total_s in enumerate(totals_s, 1) if total_s >= enough_s), len(totals_s))
        return max(totals_s[count - 1], self._tick_s) / count
