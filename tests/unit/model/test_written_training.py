"""A written network answers and trains on our engines as it does in tinygrad."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from tabgrad import model
from tabgrad.backends import Device, Executable
from tabgrad.backends.wasm import open_device
from tabgrad.program import DTYPES, Target
from tabgrad.session.network import first_values
from tests.native_gpu import open_gpu
from tests.unit.model import tinygrad_itself
from tests.unit.model.tinygrad_itself import Arrays
from tests.unit.model.written_sources import CONVOLUTIONS, POOLED, spec

LEARNING_RATE, SEED = 0.05, 7


async def start(executable: Executable, values: Mapping[str, Any]) -> None:
    """Write what a training program starts from; what is left out is 0."""
    for buffer in executable.program.by_role("weight", "state"):
        zeros = np.zeros(buffer.shape, DTYPES[buffer.dtype])
        executable.write(buffer.name, values.get(buffer.name, zeros))


async def on_device(target: Target) -> Device:
    return await (open_device if target == "wasm" else open_gpu)()


def train(source: str, target: Target, recipe: model.Training, rate: float) -> tuple[dict[str, Any], dict[str, Any]]:
    """(what it starts from, losses and the weights at the end) of a run on the batches."""

    async def go() -> tuple[dict[str, Any], dict[str, Any]]:
        device = await on_device(target)
        try:
            first = await first_values(device, model.initial(spec(source), target), SEED)
            program = model.training(spec(source), recipe, target)
            executable = await device.load(program)
            await start(executable, first)
            for buffer in program.by_role("input"):
                if buffer.shape == (1,):
                    executable.write(buffer.name, np.full(1, rate if buffer.name == "lr" else 0.0, np.float32))
            results = await executable.run_steps(tinygrad_itself.STEPS, tinygrad_itself.batches(), ["loss"])
            names = [buffer.name for buffer in program.by_role("weight")]
            return first, {"loss": results["loss"].reshape(-1), **await executable.read(*names)}
        finally:
            device.destroy()

    return asyncio.run(go())


def compare(source: str, target: Target, theirs: Arrays) -> None:
    """Train on our engine, and compare the losses and the weights with `theirs`."""
    first, ours = train(source, target, model.Training(batch=tinygrad_itself.BATCH), LEARNING_RATE)
    theirs = dict(theirs)
    losses = theirs.pop("loss")
    np.testing.assert_allclose(ours.pop("loss"), losses, rtol=1e-4, atol=1e-4)
    for name, value in ours.items():
        # as a share of what training has changed: a ReLU that just fires on one engine only moves a weight a little
        start = first.get(name, np.zeros_like(value))
        assert np.linalg.norm(value - theirs[name]) <= 0.02 * np.linalg.norm(theirs[name] - start) + 1e-5, name


@pytest.mark.parametrize("target", ["wasm", "wgsl"])
def test_training_equals_tinygrads(target: Target) -> None:
    optimizer = f"nn.optim.SGD(parameters, lr={LEARNING_RATE})"
    compare(CONVOLUTIONS, target, *tinygrad_itself.trained(CONVOLUTIONS, (optimizer,), SEED))


OPTIMIZERS = {
    "momentum": "nn.optim.SGD(parameters, lr=0.05, momentum=0.9, nesterov=True, weight_decay=0.01)",
    "Adam": "nn.optim.Adam(parameters, lr=0.05)",
    "LARS": "nn.optim.LARS(parameters, lr=0.05)",
    "LAMB": "nn.optim.LAMB(parameters, lr=0.05, weight_decay=0.1)",
    "Muon": "nn.optim.Muon([p for p in parameters if p.ndim > 1], lr=0.05)",
    "fused": "nn.optim.Adam(parameters, lr=0.05, fused=True)",
    "group": "nn.optim.OptimizerGroup(nn.optim.SGD(parameters[:2], lr=0.05), nn.optim.Adam(parameters[2:], lr=0.01))",
    "own": "Signs(parameters, lr=0.05)",
}
OWN = """
class Signs(nn.optim.Optimizer):
    def __init__(self, params, lr):
        super().__init__(params, lr)
        self.decay = [Tensor.full(p.shape, 0.5) for p in self.params]
    def _step(self, params, grads):
        for d, g in zip(self.decay, grads): d.assign(0.9 * d + 0.1 * g.abs())
        return [(self.lr * g.sign() * d).cast(p.dtype) for p, g, d in zip(params, grads, self.decay)], self.decay
"""


@pytest.mark.parametrize(
    ("name", "target"),
    [*((name, "wasm") for name in OPTIMIZERS), *((name, "wgsl") for name in ("momentum", "Adam", "own"))],
)
def test_optimizers_of_a_source_take_tinygrads_steps(name: str, target: Target) -> None:
    source = f"{POOLED}{OWN}\ndef optimizer(parameters):\n    return {OPTIMIZERS[name]}\n"
    theirs = tinygrad_itself.trained(POOLED + OWN, tuple(OPTIMIZERS.values()), SEED)
    compare(source, target, theirs[list(OPTIMIZERS).index(name)])


LOSS = """
def loss(logits, y):
    return (logits.softmax() - y.one_hot(10)).square().sum(1).mean()
"""


def test_the_loss_of_a_source_is_trained_on() -> None:
    optimizer = f"nn.optim.SGD(parameters, lr={LEARNING_RATE})"
    compare(POOLED + LOSS, "wasm", *tinygrad_itself.trained(POOLED + LOSS, (optimizer,), SEED))


DROPOUT = POOLED.replace(".relu()", ".relu().dropout(0.5)")


@pytest.mark.parametrize("target", ["wasm", "wgsl"])
def test_dropout_draws_what_tinygrad_draws(target: Target) -> None:
    optimizer = f"nn.optim.SGD(parameters, lr={LEARNING_RATE})"
    compare(DROPOUT, target, *tinygrad_itself.trained(DROPOUT, (optimizer,), SEED))
