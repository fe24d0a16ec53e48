"""Times every launch of a program on its own, by repeating it: works on every engine and needs no permission.

The clock of a browser ticks in steps of up to 0.1 ms and a launch may take a thousandth of that, so each launch runs
many times in one submission, and the time of a submission with a single one is taken off.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace

from tabgrad.backends.base import Device, Executable
from tabgrad.interop import dom

#: Launches in one submission, and how many submissions the median is taken of.
FEW, MANY, ROUNDS = 1, 41, 5


async def kernel_times(device: Device, executable: Executable) -> list[float]:
    """Milliseconds of one launch, for each launch of the program, in order. Raises EngineError."""
    found = []
    for i in range(len(executable.program.dispatch)):
        few, many = [await _submission(device, executable, i, count) for count in (FEW, MANY)]
        found.append(max(many - few, 0.0) / (MANY - FEW))
        await asyncio.sleep(0)
    return found


async def _submission(device: Device, executable: Executable, index: int, count: int) -> float:
    """Median milliseconds of a submission that launches dispatch `index` so many times, with the real weights."""
    program = executable.program
    repeated = replace(program, dispatch=(program.dispatch[index],) * count)
    (output, *_) = program.by_role("output")
    loaded = await device.load(repeated, executable)
    try:
        times = []
        for _ in range(ROUNDS + 1):
            begin = dom.now_ms()
            await loaded.run_steps(1, {}, [])
            await loaded.read(output.name)  # waits for the work before it
            times.append(dom.now_ms() - begin)
        return sorted(times[1:])[ROUNDS // 2]
    finally:
        loaded.destroy()
