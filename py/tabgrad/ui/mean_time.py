"""Times of something that a browser's clock can hardly see. Owns one mean; knows nothing of what is timed."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from itertools import accumulate

#: A mean is over the latest times that together took so many ticks of the clock, or over so many times.
ENOUGH_TICKS, LATEST = 10, 64


class MeanTime:
    """The mean of the latest times, as many of them as the clock needs.

    Against timing attacks, browsers' clocks tick in steps of 0.1 ms (Chromium) or 1 ms (Firefox, WebKit), and an
    inference that takes less reads 0 or a whole step. Their mean is right, since the steps fall at random.
    """

    def __init__(self, clock: Callable[[], float] = time.perf_counter) -> None:
        begin = now = clock()
        while now == begin:
            now = clock()
        self._tick_s = now - begin
        self._times_s: deque[float] = deque(maxlen=LATEST)

    def clear(self) -> None:
        """Forget all times: something else will be timed."""
        self._times_s.clear()

    def add(self, time_s: float) -> float:
        """Take one more time; returns the mean in seconds. It is never 0: the clock knows no less than one tick."""
        self._times_s.appendleft(time_s)
        totals_s = list(accumulate(self._times_s))
        enough_s = ENOUGH_TICKS * self._tick_s
        count = next((n for n, total_s in enumerate(totals_s, 1) if total_s >= enough_s), len(totals_s))
        return max(totals_s[count - 1], self._tick_s) / count
