"""The engine that answers for the pad: which program decides between the engines, and where the choice is kept.

Never runs a program.
"""

from __future__ import annotations

from tabgrad.backends.engines import EngineChoice, select_engine
from tabgrad.interop import dom
from tabgrad.program import Program, Target
from tabgrad.storage import keys

from .models.shipped import ShippedPrograms


class LocalStorageCache:
    """Short texts kept in localStorage between visits: a `storage.Cache`."""

    async def get(self, key: str) -> bytes | None:
        """What was kept under `key`, or None."""
        return dom.stored(keys.ENGINE_CHOICE_PREFIX + key).encode() or None

    async def put(self, key: str, value: bytes) -> None:
        """Keep `value` if the browser allows it."""
        dom.store(keys.ENGINE_CHOICE_PREFIX + key, value.decode())


async def open_engine(wanted: str, programs: ShippedPrograms, model: str) -> EngineChoice:
    """The engine called `wanted` ("webgpu", "wasm"); for any other name the fastest at predicting with `model`.

    Raises EngineError with one sentence if no engine can be opened.
    """

    async def infer(target: Target, variant: str) -> Program | None:
        return await programs.get(model, "infer", target, variant)

    return await select_engine(infer, wanted, LocalStorageCache())
