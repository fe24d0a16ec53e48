"""Uses what docs/HOW-TO.md adds, in the interpreter of a changed copy: `python -m tests.how_to.checks activation`."""

import asyncio
import sys
from collections.abc import Sequence
from typing import Any

import numpy as np

from tabgrad import model
from tabgrad.backends.engines import ENGINE_TITLES, open_engine
from tabgrad.backends.oracle import OracleNetwork
from tabgrad.backends.oracle.optim import train_step
from tabgrad.data.catalogue import DataSets
from tabgrad.settings import RunSettings

RNG = np.random.default_rng(0)
CNN = {"kind": "cnn", "stages": ["conv5x4", "average", "dense16"]}
BATCH = 16


def _weights(spec: dict[str, Any]) -> dict[str, Any]:
    return model.initial_weights(model.build(spec), seed=1)


async def _logits(spec: dict[str, Any], weights: dict[str, Any], x: Any) -> Any:
    device = await open_engine("wasm")
    executable = await device.load(model.inference(spec, device.target, device.variants[0]))
    for name, value in weights.items():
        executable.write(name, value)
    return (await executable.run({"x": x}, ["logits"]))["logits"]


async def _engine_agrees_with_oracle(spec: dict[str, Any]) -> None:
    weights, x = _weights(spec), RNG.random((1, 784), np.float32)
    np.testing.assert_allclose(await _logits(spec, weights, x), OracleNetwork(spec, weights).forward(x), atol=1e-5)


def _gradient_is_the_slope(spec: dict[str, Any]) -> None:
    """Backward against the difference of two forward passes, in double precision."""
    weights = {name: np.asarray(value, np.float64) for name, value in _weights(spec).items()}
    network, x, name = OracleNetwork(spec, weights), RNG.random((2, 784)), "layers.0.bias"
    step, seed = 1e-5, RNG.random((2, 10))
    network.forward(x)
    network.backward(seed)
    gradient = network.gradients[name][3]
    values = []
    for moved in (step, -2 * step):
        network.weights[name][3] += moved
        values.append((network.forward(x) * seed).sum())
    np.testing.assert_allclose(gradient, (values[0] - values[1]) / (2 * step), rtol=1e-5)


async def activation() -> None:
    spec = {"kind": "mlp", "hidden": [16], "activation": RunSettings.make({"activation": "softsign"}).activation}
    await _engine_agrees_with_oracle(spec)
    _gradient_is_the_slope(spec)


async def stage() -> None:
    await _engine_agrees_with_oracle(CNN)
    _gradient_is_the_slope(CNN)


async def optimizer() -> None:
    """A step on the engine is the oracle's step."""
    rule = RunSettings.make({"optimizer": "signsgd"}).optimizer
    spec: dict[str, Any] = {"kind": "mlp", "hidden": [16]}
    weights, hyper = _weights(spec), {"lr": 0.01, "weight_decay": 0.1}
    pixels, labels = RNG.integers(0, 256, (BATCH, 784), np.uint8), RNG.integers(0, 10, BATCH, np.int32)
    device = await open_engine("wasm")
    program = model.training(spec, model.Training(batch=BATCH, optimizer=rule), device.target, device.variants[0])
    executable = await device.load(program)
    for name, value in weights.items():
        executable.write(name, value)
    await executable.run(
        {"x": pixels, "y": labels, **{name: np.float32([value]) for name, value in hyper.items()}}, ["loss"]
    )
    oracle = OracleNetwork(spec, weights)
    train_step(oracle, rule, {}, (pixels, labels), hyper)
    for name, value in (await executable.read(*weights)).items():
        np.testing.assert_allclose(value, oracle.weights[name], atol=1e-5)


async def engine() -> None:
    assert RunSettings.make({"engine": "recorded"}).engine == "recorded"
    assert ENGINE_TITLES["recorded"] == "WebAssembly, recorded"
    device: Any = await open_engine("recorded")
    spec: dict[str, Any] = {"kind": "mlp", "hidden": [16]}
    executable = await device.load(model.inference(spec, device.target, device.variants[0]))
    logits = (await executable.run({"x": RNG.random((1, 784), np.float32)}, ["logits"]))["logits"]
    assert logits.shape == (1, 10)
    assert device.loaded == ["infer"]


async def data_set() -> None:
    """Splits, and a stream that goes on where it was left."""

    async def no_bytes(*_: object) -> bytes:
        raise AssertionError("this data set needs no download")

    name = RunSettings.make({"data": "bars"}).data
    data = await DataSets({}, no_bytes, no_bytes).open(name)
    images, labels = await data.split("test")
    assert images.shape == (data.size("test"), 28, 28)
    assert set(labels) == set(range(10))
    source, resumed = data.source(7), data.source(7)
    await source.take(5)
    resumed.position = 5
    np.testing.assert_array_equal((await source.take(3)).images, (await resumed.take(3)).images)


CHECKS = {check.__name__: check for check in (activation, stage, optimizer, engine, data_set)}


def main(names: Sequence[str]) -> None:
    """Run the checks of these names."""
    for name in names:
        asyncio.run(CHECKS[name]())


if __name__ == "__main__":
    main(sys.argv[1:])
