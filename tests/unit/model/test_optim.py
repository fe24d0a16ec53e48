"""Moments that no step can tell from 0 are 0, so that none ends as a subnormal number, which processors hate."""

import asyncio
from typing import Any

import numpy as np
import pytest

from tabgrad import model
from tabgrad.backends.wasm import open_device
from tabgrad.model.optim import NEGLIGIBLE


async def moments_after_a_step(optimizer: str, before: float) -> np.ndarray[Any, Any]:
    """The first layer's moments after a step on blank images, whose gradient there is 0."""
    device = await open_device()
    program = model.training(
        {"kind": "mlp", "hidden": [16]}, model.Training(batch=8, optimizer=optimizer), "wasm", device.variants[0]
    )
    executable = await device.load(program)
    for buffer in program.by_role("weight"):
        executable.write(buffer.name, np.full(buffer.shape, 0.01, np.float32))
    for buffer in program.by_role("state"):
        value = 1.0 if buffer.name.startswith("opt.decay") else before
        executable.write(buffer.name, np.full(buffer.shape, value, np.float32))
    for buffer in program.by_role("input"):
        if buffer.shape == (1,):
            executable.write(buffer.name, np.full(1, 0.9 if buffer.name == "momentum" else 0.0, np.float32))
    streams = {"x": np.zeros((1, 8, 784), np.uint8), "y": np.zeros((1, 8), np.int32)}
    await executable.run_steps(1, streams, ["loss"])
    names = [b.name for b in program.by_role("state") if b.name.startswith("opt.layers.0.weight.")]
    found = await executable.read(*names)
    device.destroy()
    return np.stack(list(found.values()))


@pytest.mark.parametrize("optimizer", ["sgd", "adamw", "muon"])
def test_what_is_negligible_becomes_nothing(optimizer: str) -> None:
    assert not asyncio.run(moments_after_a_step(optimizer, NEGLIGIBLE / 2)).any()
    kept = asyncio.run(moments_after_a_step(optimizer, 1e-20))
    assert (kept > 0.8e-20).all()
