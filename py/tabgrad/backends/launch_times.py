"""How long one launch takes, found by repeating it: clocks of browsers tick far too coarsely for a single one.

Owns the choice of how often to repeat; what a launch is and whose clock is read lies with the engine.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable
from statistics import median

#: Repetitions go on for so long, forty ticks of the 0.1 ms to which browsers round their clocks. Milliseconds.
LONG_ENOUGH_MS = 4.0
#: A difference under three ticks says nothing. Milliseconds.
USABLE_MS = 0.3
#: Measurements of which the median counts, and the time after which one has to do. Milliseconds.
ROUNDS, SLOW_MS = 5, 40.0

#: Milliseconds that so many launches take in one go, with what it costs to start and to read the clock.
Stopwatch = Callable[[int], Awaitable[float]]


async def one_launch_ms(run: Stopwatch, most: int) -> float | None:
    """Milliseconds of one launch, from the difference between one and many; None if the clock does not show any.

    `most` launches at once are all that the engine takes well.
    """
    await run(1)  # whatever is done the first time only
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
