"""The clock that everything on the page and in the worker is timed with, and how finely it ticks.

As a protection against timing attacks, browsers round their clocks: to 0.1 ms (Chromium), to 1 ms (Firefox, WebKit), or
to 100 ms (Firefox with `privacy.resistFingerprinting`, Tor Browser). A time of a few ticks says little, and one of less
than a tick is 0. So whoever shows a time, or decides by one, asks here what it is worth.

    begin = clock.now_s()
    ...
    shown = clock.measured(clock.now_s() - begin)     # "< 100 ms" where the clock is too coarse to say more
"""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Callable
from typing import NamedTuple

#: The clock is read at most this often to see it tick, which takes about a millisecond.
_PROBE_READS = 2000
#: A clock that did not tick then may be the coarsest that there is. Seconds.
_COARSEST_S = 0.1
#: Up to this tick a time is shown as it is: a few answers are enough for a good mean. Seconds.
_FINE_S = 0.005
#: A time of this many ticks is worth showing; a mean is taken over times that add up to more, and at most so many.
_SHOWN_TICKS, MEAN_TICKS, MAX_TIMES = 3, 10, 1024


class Reading(NamedTuple):
    """A time in seconds. `is_bound`: the clock is too coarse for it; all that is known is that it is shorter."""

    seconds: float
    is_bound: bool = False

    @property
    def ms(self) -> float:
        """The time in milliseconds."""
        return self.seconds * 1e3


class Clock:
    """Seconds from some beginning on. They never go back, whatever `read` does.

    `tick_s` is the smallest step that was ever seen, so at first it can be too large, and never too small.
    """

    def __init__(self, read: Callable[[], float]) -> None:
        self._read, self._behind_s = read, 0.0
        self._last_s = read()
        self._smallest_s = math.inf
        ticks = 0
        for _ in range(_PROBE_READS):
            before_s = self._last_s
            self.now_s()
            ticks += self._last_s != before_s
            if ticks > 1:  # the first one had begun before
                break

    def now_s(self) -> float:
        """The time. If the clock was set back, it goes on from where it was."""
        read_s = self._read()
        step_s, self._last_s = read_s - self._last_s, read_s
        if step_s < 0:
            self._behind_s -= step_s
        elif 0 < step_s < self._smallest_s:
            self._smallest_s = step_s
        return read_s + self._behind_s

    @property
    def tick_s(self) -> float:
        """How finely the clock ticks."""
        return self._smallest_s if self._smallest_s < math.inf else _COARSEST_S


class MeanTime:
    """The mean of the latest times, of as many as it takes to be accurate: ticks fall at random."""

    def __init__(self, tick_s: Callable[[], float] | None = None) -> None:
        self._tick_s = tick_s or (lambda: CLOCK.tick_s)
        self._times_s: deque[float] = deque(maxlen=MAX_TIMES)
        self._total_s = 0.0

    def clear(self) -> None:
        """Forget all times, before something else is timed."""
        self._times_s.clear()
        self._total_s = 0.0

    def add(self, time_s: float) -> Reading:
        """Add a time in seconds; returns the mean. All times together count as at least one tick."""
        tick_s, times_s = self._tick_s(), self._times_s
        if len(times_s) == MAX_TIMES:
            self._total_s -= times_s.popleft()
        times_s.append(time_s)
        self._total_s += time_s
        while len(times_s) > 1 and self._total_s - times_s[0] >= MEAN_TICKS * tick_s:
            self._total_s -= times_s.popleft()
        return measured(self._total_s, len(times_s), tick_s)


def measured(total_s: float, count: int = 1, tick_s: float | None = None) -> Reading:
    """What is known of a time, if `count` such times took `total_s` together, each measured by itself.

    The error of one is less than a tick; the errors of many mostly cancel out.
    """
    tick_s = CLOCK.tick_s if tick_s is None else tick_s
    if tick_s > _FINE_S and total_s < _SHOWN_TICKS * tick_s:
        return Reading((total_s + min(count, _SHOWN_TICKS) * tick_s) / count, True)
    return Reading(max(total_s, tick_s) / count)


#: The one clock of this interpreter. `time.perf_counter` is looked up at each reading, so that tests can replace it.
CLOCK = Clock(lambda: time.perf_counter())  # noqa: PLW0108


def now_s() -> float:
    """The time of `CLOCK`."""
    return CLOCK.now_s()


def tick_s() -> float:
    """How finely `CLOCK` ticks."""
    return CLOCK.tick_s
