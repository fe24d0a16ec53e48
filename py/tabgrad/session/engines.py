"""Opens an engine for a session: the one asked for, or the one that trains fastest here. Never runs a program."""

from __future__ import annotations

from tabgrad.backends.engines import ENGINES, EngineChoice, order_variants, select_engine
from tabgrad.program import Program, Target
from tabgrad.settings import RunSettings
from tabgrad.storage import Cache

from .plan import training_request
from .programs import ProgramLibrary


async def open_engine(choice: str, programs: ProgramLibrary, cache: Cache) -> EngineChoice:
    """The engine for "webgpu", "wasm" or "auto". Raises EngineError with one sentence if it cannot be opened.

    Steps of the default network are timed, on every engine and in every variant: each site ships those programs.
    Compiling the visitor's own network for all of them would cost more than a wrong choice.
    """

    async def default_program(target: Target, variant: str) -> Program | None:
        return await programs.prebuilt(training_request(RunSettings(), target, variant))

    chosen = await select_engine(default_program, choice, cache)
    if ENGINES[chosen.device.name].measures_variants:
        await order_variants(chosen.device, default_program, cache)
    return chosen
