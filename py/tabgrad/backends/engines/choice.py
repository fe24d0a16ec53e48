"""Chooses the engine, and the variant of its programs, by timing real steps of the program at hand.

The names of the engines are the caller's: any list of openers will do. Owns the order of preference and the words for
the badge; keeps nothing itself (see `Memory`) and knows no engine from inside.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from tabgrad.program import DTYPES, Program, ProgramError, Target

from ..base import Device, EngineError, Executable

Opener = Callable[[], Awaitable[Device]]
#: The program at hand for a target and a variant, or None where the site has none. May raise OSError.
ProgramFor = Callable[[Target, str], Awaitable[Program | None]]

ENGINE_TITLES = {"webgpu": "WebGPU", "wasm": "WebAssembly"}
ROUNDS = 5
#: A candidate so many times slower than the best after one round is out.
HOPELESS = 4.0
#: Rounds end when they have taken this long, and a single candidate may not take longer than the limit. Seconds.
BUDGET_S, LIMIT_S = 0.5, 10.0
#: Steps timed at once for a training program: its pace is what counts, not the way there and back.
TRAINING_STEPS = 4
#: Predictions are repeated for so long, or so often: browsers' clocks tick in steps of up to 1 ms.
CLOCK_S, MOST_RUNS = 0.004, 40
FAILURES = (EngineError, ProgramError, OSError, TimeoutError)


class Memory(Protocol):
    """Bytes kept between visits. Both methods do their best and never raise."""

    async def get(self, key: str) -> bytes | None:
        """What was put under `key`, or None."""

    async def put(self, key: str, value: bytes) -> None:
        """Keep `value`."""


@dataclass(slots=True)
class EngineChoice:
    """An open device, and in words why it is this one, e.g. "11x faster here than WebGPU on SwiftShader"."""

    device: Device
    reason: str
    step_ms: dict[str, float] = field(default_factory=dict)  #: measured, by engine or variant; empty if remembered


async def select_engine(
    openers: Mapping[str, Opener], program_for: ProgramFor, wanted: str = "auto", memory: Memory | None = None
) -> EngineChoice:
    """Open the engine called `wanted`, or for "auto" the best one.

    "auto" takes a WebGPU adapter that is real hardware; where there is none, the engine that is faster at a few
    steps of the program at hand. The result is remembered for the same program on the same devices. Raises
    EngineError with one sentence if nothing can be opened.
    """
    if wanted in openers:
        return EngineChoice(await openers[wanted](), "asked for by name")
    devices, faults = await _open_all(openers)
    if not devices:
        raise EngineError(" ".join(faults.values()) or "There is no engine to run programs on.")
    choice = await _best(devices, faults, program_for, memory)
    for device in devices:
        if device is not choice.device:
            device.destroy()
    return choice


async def _open_all(openers: Mapping[str, Opener]) -> tuple[list[Device], dict[str, str]]:
    """All engines that open, in the given order, and a sentence for each of the others."""
    opened = await asyncio.gather(*(opener() for opener in openers.values()), return_exceptions=True)
    devices: list[Device] = []
    faults: dict[str, str] = {}
    for name, result in zip(openers, opened, strict=True):
        if isinstance(result, EngineError):
            faults[name] = str(result)
        elif isinstance(result, BaseException):
            raise result
        else:
            devices.append(result)
    return devices, faults


async def _best(
    devices: Sequence[Device], faults: Mapping[str, str], program_for: ProgramFor, memory: Memory | None
) -> EngineChoice:
    if len(devices) == 1:
        return EngineChoice(devices[0], ": ".join(["the only engine here", *faults.values()]))
    hardware = next((d for d in devices if d.name == "webgpu" and not d.is_software), None)
    if hardware is not None:
        return EngineChoice(hardware, "a graphics adapter in hardware")
    candidates = {d.name: (d, program) for d in devices if (program := await _first_program(d, program_for))}
    key = _key("engine", devices, [program for _, program in candidates.values()])
    remembered = await _recall(memory, key)
    for device in devices:
        if len(remembered) == 2 and remembered[0] == device.name:
            return EngineChoice(device, remembered[1])
    times = await measure(candidates)
    if not times:
        return EngineChoice(devices[0], "no engine could be timed")
    winner = next(d for d in devices if d.name == min(times, key=times.__getitem__))
    reason = _compare(winner, devices, times)
    await _keep(memory, key, [winner.name, reason])
    return EngineChoice(winner, reason, times)


def _compare(winner: Device, devices: Sequence[Device], times: Mapping[str, float]) -> str:
    others = [d for d in devices if d is not winner]
    timed = [d for d in others if d.name in times]
    if not timed:
        return f"{_title(others[0])} failed its trial"
    rival = min(timed, key=lambda d: times[d.name])
    ratio = times[rival.name] / times[winner.name]
    return f"{ratio:.0f}x faster here than {_title(rival)}" if ratio >= 1.5 else f"a little faster than {_title(rival)}"


def _title(device: Device) -> str:
    return f"{ENGINE_TITLES.get(device.name, device.name)} on {device.description}"


async def order_variants(device: Device, program_for: ProgramFor, memory: Memory | None = None) -> dict[str, float]:
    """Time each variant of a program on `device` and put the fastest first in `device.variants`.

    Returns milliseconds a step by variant: empty where there was no choice, or where it was remembered.
    """
    programs = {variant: await _program(device.target, variant, program_for) for variant in device.variants}
    candidates = {variant: (device, program) for variant, program in programs.items() if program is not None}
    if len(candidates) < 2:
        return {}
    key = _key("variant", [device], [program for _, program in candidates.values()])
    remembered = await _recall(memory, key)
    times = {} if remembered else await measure(candidates)
    ranked = remembered or sorted(times, key=times.__getitem__)
    device.variants = tuple(sorted(device.variants, key=lambda v: ranked.index(v) if v in ranked else len(ranked)))
    if times:
        await _keep(memory, key, ranked)
    return times


async def measure(candidates: Mapping[str, tuple[Device, Program]]) -> dict[str, float]:
    """Median milliseconds a step of each candidate, timed in turns; those that fail are left out."""
    loaded: dict[str, Executable] = {}
    times: dict[str, list[float]] = {}
    try:
        for name, (device, program) in candidates.items():
            try:
                loaded[name] = await asyncio.wait_for(device.load(program), LIMIT_S)
                await asyncio.wait_for(_time_step(loaded[name]), LIMIT_S)  # the first run compiles and allocates
                times[name] = []
            except FAILURES:
                continue
        started = time.perf_counter()
        racing = list(times)
        for _ in range(ROUNDS):
            for name in racing:
                try:
                    times[name].append(await asyncio.wait_for(_time_step(loaded[name]), LIMIT_S))
                except FAILURES:
                    del times[name]
            racing = [name for name in racing if name in times]
            best = min((_median(times[name]) for name in racing), default=0.0)
            racing = [name for name in racing if _median(times[name]) <= HOPELESS * best]
            if len(racing) < 2 or time.perf_counter() - started > BUDGET_S:
                break
    finally:
        for executable in loaded.values():
            executable.destroy()
    return {name: _median(values) for name, values in times.items()}


def _median(values: Sequence[float]) -> float:
    return sorted(values)[len(values) // 2]  # the statistics module would bring half a dozen others along


async def _time_step(executable: Executable) -> float:
    """Milliseconds of one step on zeros: of the way from input to output, or of the pace of training."""
    program = executable.program
    inputs = {b.name: np.zeros(b.shape, DTYPES[b.dtype]) for b in program.by_role("input")}
    output = min(program.by_role("output"), key=lambda b: b.nbytes).name
    started = time.perf_counter()
    runs = 0
    if program.by_role("state"):
        runs = TRAINING_STEPS
        await executable.run_steps(runs, {name: np.stack([value] * runs) for name, value in inputs.items()}, [output])
    while time.perf_counter() - started < CLOCK_S and runs < MOST_RUNS:
        await executable.run(inputs, [output])
        runs += 1
    return max(time.perf_counter() - started, 1e-6) * 1e3 / runs


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
    """Names a decision: what it was about, on which devices, for which programs (by their kernels' content hashes)."""
    kernels = "".join(sorted({key for program in programs for key in program.kernels}))
    names = "|".join(f"{d.name}:{d.description}" for d in devices)
    return f"choice/{what}/{names}/{hashlib.sha256(kernels.encode()).hexdigest()[:16]}"


async def _recall(memory: Memory | None, key: str) -> list[str]:
    try:
        value = json.loads(await memory.get(key) or b"[]") if memory else []
    except ValueError:
        return []
    return value if isinstance(value, list) and all(isinstance(item, str) for item in value) else []


async def _keep(memory: Memory | None, key: str, value: list[str]) -> None:
    if memory:
        await memory.put(key, json.dumps(value).encode())
