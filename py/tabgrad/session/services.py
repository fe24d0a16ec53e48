"""What a session is given from outside: engines, programs, data. Owns nothing but the bundle."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import NamedTuple

from tabgrad.backends.base import Device
from tabgrad.data.sets import DataSets

from .programs import ProgramLibrary


class Opened(NamedTuple):
    """An engine, and in words why it was this one."""

    device: Device
    reason: str


@dataclass(frozen=True, slots=True)
class Services:
    """`open_engine` takes "auto", "webgpu" or "wasm"; it raises EngineError if that one is not to be had."""

    open_engine: Callable[[str], Awaitable[Opened]]
    programs: ProgramLibrary
    datasets: DataSets
