"""Chooses an engine, and the fastest variant of its programs, by timing real steps of a program.

Owns the order of preference and the reason that the badge shows. Never opens an engine itself (see `registry`), and
keeps its decisions only in the cache that the caller hands in.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

import numpy as np

from tabgrad.incoming import read_json
from tabgrad.interop.clock import now_s, tick_s
from tabgrad.program import DTYPES, Program, ProgramError, Target
from tabgrad.storage import Cache

from ..base import Device, EngineError, Executable
from ..launch_times import median
from .registry import ENGINE_TITLES, ENGINES, Engine, open_engine

#: The program to time for a target and a variant, or None if the site has none. May raise OSError or ProgramError.
ProgramFor = Callable[[Target, str], Awaitable[Program | None]]
#: What is compared, engines or variants: name -> the device and the program to time on it.
Candidates = Mapping[str, tuple[Device, Program]]

ROUNDS = 5
#: After any round, a candidate that is this many times slower than the fastest is not timed again.
HOPELESS = 4.0
#: No new round starts after this time, and a single measurement of a candidate may take at most the limit. Seconds.
BUDGET_S, LIMIT_S = 0.5, 10.0
#: Training steps that are timed together: the throughput counts, not the latency of a single step.
TRAINING_STEPS = 4
#: A prediction is repeated until this time and this many ticks of the clock have passed, but not more often than that.
CLOCK_S, CLOCK_TICKS, MAX_RUNS = 0.004, 3, 1000
FAILURES = (EngineError, ProgramError, OSError, TimeoutError)


@dataclass(slots=True)
class EngineChoice:
    """An open device, and why it was chosen, e.g. "11x faster here than WebGPU on SwiftShader"."""

    device: Device
    reason: str


async def select_engine(
    program_for: ProgramFor,
    wanted: str = "auto",
    cache: Cache | None = None,
    engines: Mapping[str, Engine] = ENGINES,
) -> EngineChoice:
    """Open the engine called `wanted`, or the best one if there is none of that name ("auto").

    A GPU in hardware is best. Without one, the engine that runs a few steps of the program fastest is chosen, and the
    choice is kept in `cache` for the same program on the same devices. Raises EngineError with one sentence if no
    engine can be opened.
    """
    if wanted in engines:
        return EngineChoice(await open_engine(wanted, engines), "asked for by name")
    devices, faults = await _open_all(engines)
    if not devices:
        raise EngineError(" ".join(faults) or "There is no engine to run programs on.")
    choice = await _best(devices, faults, program_for, cache)
    for device in devices:
        if device is not choice.device:
            device.destroy()
    return choice


async def _open_all(engines: Mapping[str, Engine]) -> tuple[list[Device], list[str]]:
    """All engines that open, in the order of the table, and a sentence for each of the others."""
    opened = await asyncio.gather(*(open_engine(name, engines) for name in engines), return_exceptions=True)
    devices: list[Device] = []
    faults: list[str] = []
    for result in opened:
        if isinstance(result, EngineError):
            faults.append(str(result))
        elif isinstance(result, BaseException):  # cancelled
            raise result
        else:
            devices.append(result)
    return devices, faults


async def _best(
    devices: Sequence[Device], faults: Sequence[str], program_for: ProgramFor, cache: Cache | None
) -> EngineChoice:
    if len(devices) == 1:
        return EngineChoice(devices[0], ": ".join(["the only engine here", *faults]))
    hardware = next((d for d in devices if not d.is_software), None)
    if hardware is not None:
        return EngineChoice(hardware, "a graphics adapter in hardware")
    candidates = {d.name: (d, program) for d in devices if (program := await _first_program(d, program_for))}
    key = _key("engine", devices, [program for _, program in candidates.values()])
    remembered = await _recall(cache, key)
    for device in devices:
        if len(remembered) == 2 and remembered[0] == device.name:
            return EngineChoice(device, remembered[1])
    step_ms = await measure(candidates)
    if not step_ms:
        return EngineChoice(devices[0], "no engine could be timed")
    fastest = next(d for d in devices if d.name == min(step_ms, key=step_ms.__getitem__))
    reason = _compare(fastest, devices, step_ms)
    await _remember(cache, key, [fastest.name, reason])
    return EngineChoice(fastest, reason)


def _compare(fastest: Device, devices: Sequence[Device], step_ms: Mapping[str, float]) -> str:
    others = [d for d in devices if d is not fastest]
    timed = [d for d in others if d.name in step_ms]
    if not timed:
        return f"{_title(others[0])} failed its trial"
    second = min(timed, key=lambda d: step_ms[d.name])
    ratio = step_ms[second.name] / step_ms[fastest.name]
    if ratio == 1:
        return f"as fast here as {_title(second)}"
    return f"{f'{ratio:.0f}x faster here' if ratio >= 1.5 else 'a little faster'} than {_title(second)}"


def _title(device: Device) -> str:
    return f"{ENGINE_TITLES.get(device.name, device.name)} on {device.description}"


async def order_variants(device: Device, program_for: ProgramFor, cache: Cache | None = None) -> None:
    """Time each variant of a program on `device` and put the fastest first in `device.variants`.

    Variants without a program come last. The order is kept in `cache` for the same programs on the same device.
    """
    programs = {variant: await _program(device.target, variant, program_for) for variant in device.variants}
    candidates = {variant: (device, program) for variant, program in programs.items() if program is not None}
    if len(candidates) < 2:
        return
    key = _key("variant", [device], [program for _, program in candidates.values()])
    ranked = await _recall(cache, key)
    if not ranked:
        step_ms = await measure(candidates)
        ranked = sorted(step_ms, key=step_ms.__getitem__)
        if ranked:
            await _remember(cache, key, ranked)
    device.variants = tuple(sorted(device.variants, key=lambda v: ranked.index(v) if v in ranked else len(ranked)))


async def measure(candidates: Candidates) -> dict[str, float]:
    """Median milliseconds per step of each candidate, timed in turn. Candidates that fail are skipped."""
    loaded: dict[str, Executable] = {}
    times: dict[str, list[float]] = {}
    try:
        for name, (device, program) in candidates.items():
            with suppress(*FAILURES):
                loaded[name] = await asyncio.wait_for(device.load(program), LIMIT_S)
                await asyncio.wait_for(_step_ms(loaded[name]), LIMIT_S)  # the first run compiles and allocates
                times[name] = []
        await _race({name: loaded[name] for name in times}, times)
    finally:
        for executable in loaded.values():
            executable.destroy()
    return {name: median(values) for name, values in times.items()}


async def _race(racing: Mapping[str, Executable], times: dict[str, list[float]]) -> None:
    """Add times round by round; drop from `racing` what is hopeless, and from `times` too what fails."""
    started = now_s()
    for _ in range(ROUNDS):
        for name, executable in racing.items():
            try:
                times[name].append(await asyncio.wait_for(_step_ms(executable), LIMIT_S))
            except FAILURES:
                del times[name]
        pace = {name: median(times[name]) for name in racing if name in times}
        racing = {name: racing[name] for name in pace if pace[name] <= HOPELESS * min(pace.values())}
        if len(racing) < 2 or now_s() - started > BUDGET_S:
            return


async def _step_ms(executable: Executable) -> float:
    """Milliseconds per step on zeros: the latency of a prediction, or the pace of training."""
    program = executable.program
    inputs = {b.name: np.zeros(b.shape, DTYPES[b.dtype]) for b in program.by_role("input")}
    output = min(program.by_role("output"), key=lambda b: b.nbytes).name
    started, tick = now_s(), tick_s()
    runs = 0
    if program.by_role("state"):
        runs = TRAINING_STEPS
        await executable.run_steps(runs, {name: np.stack([value] * runs) for name, value in inputs.items()}, [output])
    while now_s() - started < max(CLOCK_S, CLOCK_TICKS * tick) and runs < MAX_RUNS:
        await executable.run(inputs, [output])
        runs += 1
    return max(now_s() - started, tick, 1e-6) * 1e3 / runs


async def _program(target: Target, variant: str, program_for: ProgramFor) -> Program | None:
    try:
        return await program_for(target, variant)
    except (ProgramError, OSError):
        return None


async def _first_program(device: Device, program_for: ProgramFor) -> Program | None:
    for variant in device.variants:
        if program := await _program(device.target, variant, program_for):
            return program
    return None


def _key(what: str, devices: Sequence[Device], programs: Sequence[Program]) -> str:
    """Names a decision: what it is about, on which devices, for which programs (by the hashes of their kernels)."""
    kernels = "".join(sorted({key for program in programs for key in program.kernels}))
    names = "|".join(f"{d.name}:{d.description}" for d in devices)
    return f"choice/{what}/{names}/{hashlib.sha256(kernels.encode()).hexdigest()[:16]}"


async def _recall(cache: Cache | None, key: str) -> list[str]:
    try:
        value = read_json(await cache.get(key) or b"[]") if cache else []
    except ValueError:
        return []
    return value if isinstance(value, list) and all(isinstance(item, str) for item in value) else []


async def _remember(cache: Cache | None, key: str, value: list[str]) -> None:
    if cache:
        await cache.put(key, json.dumps(value).encode())
