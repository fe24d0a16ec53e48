"""The table of engines: one row for each, and the only place that names them all.

Owns how an engine is opened, how often a lost one is opened again, and which engine takes over when one fails. Knows no
engine from inside: a row imports its engine only when it is opened, so that this module costs the page nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from tabgrad.incoming import quoted, unexpected

from ..base import Device, EngineError

#: A device that is lost more often than this is not opened again: `fallback_engine` says what to do then.
MAX_REOPENED = 2
#: An engine that is not open by then never will be: browsers may not answer a request for a graphics adapter. Seconds.
OPEN_LIMIT_S = 20.0


@dataclass(frozen=True, slots=True)
class Engine:
    """A row of the table.

    `open` opens it. `fallback` names the engine to go on with when this one fails. `measures_variants`: which variant
    of a program is fastest depends on the machine, so `order_variants` should be asked before training.
    """

    title: str
    open: Callable[[], Awaitable[Device]]
    fallback: str
    measures_variants: bool = False


async def _open_webgpu() -> Device:
    from ..webgpu import open_device

    return await open_device()


async def _open_wasm() -> Device:
    from ..wasm import open_device

    return await open_device()


#: By the name in the address (`?engine=`), in settings and in `Device.name`, in the order of preference.
ENGINES: Mapping[str, Engine] = {
    "webgpu": Engine("WebGPU", _open_webgpu, fallback="wasm", measures_variants=True),
    "wasm": Engine("WebAssembly", _open_wasm, fallback="webgpu"),
}
#: Engine name -> title, for badges and menus.
ENGINE_TITLES: Mapping[str, str] = {name: engine.title for name, engine in ENGINES.items()}


async def open_engine(name: str, engines: Mapping[str, Engine] = ENGINES) -> Device:
    """Open the engine called `name`.

    Raises EngineError, and nothing else, with one sentence: one engine's fault must never take another one away.
    """
    if not isinstance(name, str) or name not in engines:
        raise EngineError(f"There is no engine called {quoted(name)}: there are {', '.join(engines)}.")
    try:
        return await asyncio.wait_for(_opened(engines[name]), OPEN_LIMIT_S)
    except EngineError:
        raise
    except TimeoutError as error:
        raise EngineError(f"{engines[name].title} could not be opened within {OPEN_LIMIT_S:.0f} s.") from error
    except Exception as error:
        reason = unexpected(error)
        raise EngineError(f"{engines[name].title} could not be opened here ({reason}).") from error


async def _opened(engine: Engine) -> Device:
    return await engine.open()


def fallback_engine(failed: str) -> str | None:
    """The name of the engine to go on with when the one called `failed` fails; None if there is no other."""
    return ENGINES[failed].fallback if failed in ENGINES else None
