"""Every program on every engine, outside the browser, compared with the NumPy oracle."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from tabgrad.backends import Device
from tabgrad.backends.wasm import open_device
from tests.native_gpu import open_gpu
from tests.parity import cases

OPENERS: dict[str, Callable[[], Awaitable[Device]]] = {"webgpu": open_gpu, "wasm": open_device}
VARIANTS = {"webgpu": ("default", "gpu", "sw"), "wasm": ("simd", "relaxed")}
OUTPUTS = {
    "infer": cases.infer,
    "activations": cases.activations,
    "saliency": cases.saliency,
    "evaluate": cases.evaluate,
}


def compared(engine: str, variant: str, case: Callable[..., cases.Case], kind: str, name: str) -> dict[str, float]:
    """The errors of one program on a new device."""

    async def main() -> dict[str, float]:
        device = await OPENERS[engine]()
        try:
            given = case(kind, device.target, variant, name)
            if name in OUTPUTS:
                return await OUTPUTS[name](device, given)
            return await cases.train(device, given, name.removeprefix("train."))
        finally:
            device.destroy()

    return asyncio.run(main())


@pytest.mark.parametrize(("engine", "variant"), [(e, v) for e, variants in VARIANTS.items() for v in variants])
@pytest.mark.parametrize("name", OUTPUTS)
@pytest.mark.parametrize("kind", ["mlp", "cnn"])
def test_outputs(engine: str, variant: str, kind: str, name: str, case: Callable[..., cases.Case]) -> None:
    assert all(error < 1e-4 for error in compared(engine, variant, case, kind, name).values())


#: Every optimizer once on each engine; the convolutions' gradients with each variant.
TRAININGS = [
    *[
        (engine, variants[0], "mlp", optimizer)
        for engine, variants in VARIANTS.items()
        for optimizer in cases.HYPERPARAMETERS
    ],
    *[(engine, variant, "cnn", "sgd") for engine, variants in VARIANTS.items() for variant in variants],
]


@pytest.mark.parametrize(("engine", "variant", "kind", "optimizer"), TRAININGS)
def test_ten_steps_of_training(
    engine: str, variant: str, kind: str, optimizer: str, case: Callable[..., cases.Case]
) -> None:
    assert compared(engine, variant, case, kind, f"train.{optimizer}")["loss"] < 1e-4
