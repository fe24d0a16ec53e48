"""How long one launch takes, found by repeating it: browser clocks tick too coarsely for a single one.

Owns how often to repeat. What a launch is, and whose clock is read, is for the engine to say (see `Stopwatch`).
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable, Iterable, Sequence

from tabgrad.interop import clock

from .base import LaunchTimes

#: Launches are repeated until they take this many ticks of the clock, or this long. A coarse clock would make that
#: many seconds: there a few ticks are enough, and the time is less exact. Milliseconds.
LONG_ENOUGH_TICKS, LONG_ENOUGH_MS, LONGEST_MS = 40, 4.0, 100.0
#: A difference below three ticks says nothing. Ticks; and milliseconds of a clock that ticks every 0.1 ms.
USABLE_TICKS, USABLE_MS = 3, 0.3
#: The tick of a GPU's clock, to which browsers round it. Milliseconds.
GPU_TICK_MS = 0.1
#: The median of this many measurements counts; a measurement slower than the limit is taken once. Milliseconds.
ROUNDS, SLOW_MS = 5, 40.0

#: Milliseconds that this many launches in a row take, with the cost of starting them and of reading the clock.
Stopwatch = Callable[[int], Awaitable[float]]


def median(values: Sequence[float]) -> float:
    """The middle value; of an even number, the larger of the two in the middle.

    The standard library's `statistics` would load half a dozen other modules while the page boots.
    """
    return sorted(values)[len(values) // 2]


async def one_launch_ms(run: Stopwatch, most: int, tick_ms: float = GPU_TICK_MS) -> float | None:
    """Milliseconds of one launch, from the difference between one launch and many; None if the clock shows none.

    `most` is the largest number of launches that the engine can run well in one go. `tick_ms`: how the clock ticks.
    """
    usable_ms = _usable_ms(tick_ms)
    enough_ms = max(LONG_ENOUGH_MS, min(LONG_ENOUGH_TICKS * tick_ms, LONGEST_MS), usable_ms)
    await run(1)  # the first launch also pays for one-time work
    once = [await run(1) for _ in range(ROUNDS)]
    count, extra_ms = 1, 0.0
    while extra_ms < enough_ms and count < most:
        pace_ms = max(extra_ms, usable_ms) / count
        count = min(most, max(2 * count, math.ceil(enough_ms / pace_ms)))
        many = await run(count)
        extra_ms = many - median(once)
        await asyncio.sleep(0)
    if extra_ms < usable_ms:
        return None
    rounds = [many, *[await run(count) for _ in range(ROUNDS - 1 if many < SLOW_MS else 0)]]
    return max(median(rounds) - median(once), 0.0) / (count - 1)


async def times_by_host(launches: Iterable[Stopwatch], most: int) -> LaunchTimes:
    """The times of launches by the host's clock. Where it shows none, the time is below what it would have shown."""
    tick_ms = clock.tick_s() * 1e3
    found = [await one_launch_ms(run, most, tick_ms) for run in launches]
    bound_ms = _usable_ms(tick_ms) / (most - 1)
    ms = tuple(bound_ms if time_ms is None else time_ms for time_ms in found)
    return LaunchTimes(ms, "host", tuple(time_ms is None for time_ms in found))


def _usable_ms(tick_ms: float) -> float:
    return max(USABLE_MS, USABLE_TICKS * tick_ms)
