"""The table of engines: opening one by name, which one takes over, and what importing the table costs."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from typing import Any

import pytest

from tabgrad.backends import EngineError
from tabgrad.backends.engines import ENGINE_TITLES, ENGINES, Engine, fallback_engine, open_engine
from tests.native_gpu import has_adapter


@pytest.mark.parametrize("name", ENGINES)
def test_every_engine_opens_by_its_name(name: str) -> None:
    if name == "webgpu" and not has_adapter():
        pytest.skip("no graphics driver: Debian has one in mesa-vulkan-drivers")

    async def main() -> tuple[str, int]:
        device = await open_engine(name)
        device.destroy()
        return device.name, len(device.variants)

    opened, variants = asyncio.run(main())
    assert opened == name
    assert variants > 1


def test_an_unknown_name_is_refused_with_the_names_there_are() -> None:
    with pytest.raises(EngineError, match=r"no engine called 'cuda': there are webgpu, wasm\."):
        asyncio.run(open_engine("cuda"))


@pytest.mark.parametrize("error", [TypeError("x is undefined"), OSError("gone"), KeyError("limit")])
def test_every_error_of_an_engine_becomes_an_engine_error(error: Exception) -> None:
    async def broken() -> Any:
        raise error

    table = {"broken": Engine("Broken", broken, fallback="")}
    with pytest.raises(EngineError, match=rf"^Broken could not be opened here \({type(error).__name__}: .*\)\.$"):
        asyncio.run(open_engine("broken", table))


def test_each_engine_has_another_one_to_fall_back_on() -> None:
    for name in ENGINES:
        other = fallback_engine(name)
        assert other in ENGINES
        assert other != name
    assert fallback_engine("cuda") is None
    assert ENGINE_TITLES == {"webgpu": "WebGPU", "wasm": "WebAssembly"}


def test_the_table_imports_no_engine() -> None:
    code = "import sys, tabgrad.backends.engines; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    assert not loaded & {"wgpu", "wasmtime", "tinygrad", "tabgrad.backends.webgpu", "tabgrad.backends.wasm"}
