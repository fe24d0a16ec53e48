"""The engine that answers for the pad: which ones there are, and the choice between them. Never runs a program."""

from __future__ import annotations

from tabgrad.backends.base import Device, EngineError
from tabgrad.backends.engines.choice import EngineChoice, Opener, select_engine
from tabgrad.interop import dom
from tabgrad.program import Program, Target

from .models.shipped import ShippedPrograms

#: Kept decisions, in localStorage.
_PREFIX = "tabgrad."


class LocalMemory:
    """Decisions about engines, kept between visits: a `backends.select.Memory` of short texts."""

    async def get(self, key: str) -> bytes | None:
        """What was kept under `key`, or None."""
        return dom.stored(_PREFIX + key).encode() or None

    async def put(self, key: str, value: bytes) -> None:
        """Keep `value`, as far as the browser lets us."""
        dom.store(_PREFIX + key, value.decode())


async def _webgpu() -> Device:
    from tabgrad.backends.webgpu.device import open_webgpu

    return await open_webgpu()


async def _wasm() -> Device:
    from tabgrad.backends.wasm.browser import open_device

    return await open_device()


async def open_engine(wanted: str, programs: ShippedPrograms, model: str) -> EngineChoice:
    """The engine called `wanted` ("webgpu", "wasm"), or else the one that is best at predicting with `model`.

    Raises EngineError with one sentence if there is none.
    """

    async def infer(target: Target, variant: str) -> Program | None:
        return await programs.get(model, "infer", target, variant)

    openers = {"webgpu": _guarded("WebGPU", _webgpu), "wasm": _guarded("WebAssembly", _wasm)}
    return await select_engine(openers, infer, wanted or "auto", LocalMemory())


def _guarded(title: str, opener: Opener) -> Opener:
    """The opener of an engine, whose every failure is an EngineError: what one browser does to one engine must not take
    the other one away.
    """

    async def opened() -> Device:
        try:
            return await opener()
        except EngineError:
            raise
        except Exception as error:
            raise EngineError(f"{title} could not be opened here ({type(error).__name__}: {error}).") from error

    return opened
