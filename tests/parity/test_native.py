"""Every program on every engine that runs outside the browser, against the NumPy oracle."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from tests.parity import cases

from tabgrad.backends.base import Device
from tabgrad.backends.wasm_native import open_device
from tabgrad.backends.webgpu import open_webgpu

#: An engine, the kind of network, the variant of its programs.
COMBINATIONS = [("webgpu", kind, "default") for kind in ("mlp", "cnn")]
COMBINATIONS += [("wasm", kind, variant) for kind in ("mlp", "cnn") for variant in ("simd", "relaxed")]
OPENERS: dict[str, Callable[[], Awaitable[Device]]] = {"webgpu": open_webgpu, "wasm": open_device}


@pytest.fixture(params=COMBINATIONS, ids="-".join)
def on_engine(request: pytest.FixtureRequest, case: Callable[..., cases.Case]) -> Callable[..., dict[str, float]]:
    """Runs a comparison of `cases` on a fresh device."""
    engine, kind, variant = request.param

    def run(compare: Callable[..., Awaitable[dict[str, float]]], *args: str) -> dict[str, float]:
        async def main() -> dict[str, float]:
            device = await OPENERS[engine]()
            try:
                return await compare(device, case(kind, device.target, variant), *args)
            finally:
                device.destroy()

        return asyncio.run(main())

    return run


@pytest.mark.parametrize("compare", [cases.infer, cases.activations, cases.saliency, cases.evaluate])
def test_outputs(on_engine: Callable[..., dict[str, float]], compare: Callable[..., object]) -> None:
    assert all(error < 1e-4 for error in on_engine(compare).values())


@pytest.mark.parametrize("optimizer", cases.KNOBS)
def test_ten_steps_of_training(on_engine: Callable[..., dict[str, float]], optimizer: str) -> None:
    assert on_engine(cases.train, optimizer)["loss"] < 1e-4
