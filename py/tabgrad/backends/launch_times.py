"""How long one launch takes, found by repeating it: browser clocks tick too coarsely for a single one.

Owns how often to repeat. What a launch is, and whose clock is read, is for the engine to say (see `Stopwatch`).
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable, Sequence

#: Launches are repeated until they take this long: forty ticks of the 0.1 ms to which browsers round their clocks.
LONG_ENOUGH_MS = 4.0
#: A difference below three ticks says nothing. Milliseconds.
USABLE_MS = 0.3
#: The median of this many measurements counts; a measurement slower than the limit is taken once. Milliseconds.
ROUNDS, SLOW_MS = 5, 40.0

#: Milliseconds that this many launches in a row take, with the cost of starting them and of reading the clock.
Stopwatch = Callable[[int], Awaitable[float]]


def median(values: Sequence[float]) -> float:
    """The middle value; of an even number, the larger of the two in the middle.

    The standard library's `statistics` would load half a dozen other modules while the page boots.
    """
    return sorted(values)[len(values) // 2]


async def one_launch_ms(run: Stopwatch, most: int) -> float | None:
    """Milliseconds of one launch, from the difference between one launch and many; None if the clock shows none.

    `most` is the largest number of launches that the engine can run well in one go.
    """
    await run(1)  # the first launch also pays for one-time work
    once = [await run(1) for _ in range(ROUNDS)]
    count, extra_ms = 1, 0.0
    while extra_ms < LONG_ENOUGH_MS and count < most:
        pace_ms = max(extra_ms, USABLE_MS) / count
        count = min(most, max(2 * count, math.ceil(LONG_ENOUGH_MS / pace_ms)))
        many = await run(count)
        extra_ms = many - median(once)
        await asyncio.sleep(0)
    if extra_ms < USABLE_MS:
        return None
    rounds = [many, *[await run(count) for _ in range(ROUNDS - 1 if many < SLOW_MS else 0)]]
    return max(median(rounds) - median(once), 0.0) / (count - 1)
