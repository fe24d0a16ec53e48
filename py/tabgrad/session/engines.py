"""Opens one of the browser's engines for a session: the one asked for, or the one that trains fastest here."""

from __future__ import annotations

from tabgrad.backends.base import Device
from tabgrad.backends.engines.choice import order_variants, select_engine
from tabgrad.program import Program, Target
from tabgrad.settings import RunSettings

from .plan import training_request
from .programs import Cache, ProgramLibrary
from .services import Opened


async def open_engine(choice: str, programs: ProgramLibrary, memory: Cache) -> Opened:
    """The engine for "webgpu", "wasm" or "auto". Raises EngineError if it is not to be had.

    What is timed, on both engines and in all tilings, are steps of the default network, which every site has
    prebuilt: compiling the visitor's own for each of them would cost more than a wrong choice.
    """

    async def open_webgpu() -> Device:
        from tabgrad.backends.webgpu import device as webgpu

        return await webgpu.open_webgpu()

    async def open_wasm() -> Device:
        from tabgrad.backends.wasm import browser as wasm_browser

        return await wasm_browser.open_device()

    async def default_program(target: Target, variant: str) -> Program | None:
        return await programs.prebuilt(training_request(RunSettings(), target, variant))

    openers = {"webgpu": open_webgpu, "wasm": open_wasm}
    chosen = await select_engine(openers, default_program, choice, memory)
    if chosen.device.name == "webgpu":
        await order_variants(chosen.device, default_program, memory)
    return Opened(chosen.device, chosen.reason)
