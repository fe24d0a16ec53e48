"""The probe on the WebAssembly engine: compiled programs and NumPy give the same numbers for one network."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tabgrad.backends.oracle.network import OracleNetwork
from tabgrad.backends.wasm import WasmDevice, open_device
from tabgrad.data.strokes import StrokeSource
from tabgrad.explain import attribution
from tabgrad.network import load_safetensors
from tabgrad.ui.inspect.probe import Probe, as_input
from tabgrad.ui.models import Model
from tabgrad.ui.models.shipped import ShippedModels, ShippedPrograms

MODELS = Path(__file__).parents[3] / "models"
URLS = {
    name: {
        "card": f"{name}/card.json",
        "weights": f"{name}/weights.safetensors",
        "programs": {p.stem: f"{name}/programs/{p.name}" for p in (MODELS / name / "programs").glob("*.json")},
    }
    for name in ("mlp", "cnn")
}
IMAGES = as_input(StrokeSource(9).take_now(5).images)


async def fetch(url: str) -> bytes:
    return (MODELS / url).read_bytes()


def run(work: Awaitable[Any]) -> Any:
    async def main() -> Any:
        return await work

    return asyncio.run(main())


async def open_probe(name: str, called: str) -> tuple[WasmDevice, Probe, OracleNetwork]:
    """A probe into the shipped model `name`, under the name `called`; and the same network in float64."""
    device = await open_device()
    models = ShippedModels(ShippedPrograms(URLS, fetch), device)
    shipped = await models.get(name)
    probe = Probe(models, device, Model(called, shipped.card, shipped.executable))
    await probe.load()
    weights, _ = load_safetensors(await fetch(URLS[name]["weights"]))  # type: ignore[arg-type] # a str here
    spec = json.loads((MODELS / name / "card.json").read_text())["spec"]
    return device, probe, OracleNetwork(spec, weights)


@pytest.mark.parametrize("called", ["", "training"])
@pytest.mark.parametrize("name", ["mlp", "cnn"])
def test_the_probe_agrees_with_the_oracle(name: str, called: str) -> None:
    """A model with another name than a shipped one has no programs: NumPy does the work, with the same result."""

    async def work() -> None:
        device, probe, network = await open_probe(name, called or name)
        assert probe.has_programs == (not called)
        for image in IMAGES:
            taps: list[Any] = []
            logits = network.forward(image.reshape(1, 784), taps=taps)[0]
            seen = await probe.activations(image)
            np.testing.assert_allclose(seen["logits"], logits, atol=1e-4)
            for stage, tap in zip(probe.structure, taps, strict=False):
                np.testing.assert_allclose(seen[stage.tap], tap[0], atol=1e-4)
            seed = attribution.seed(3, 8)
            answer, gradient = await probe.saliency(image, seed)
            np.testing.assert_allclose(answer, logits, atol=1e-4)
            expected = network.backward(seed.astype(np.float64)).reshape(28, 28)
            np.testing.assert_allclose(gradient, expected, atol=1e-3)
        many = await probe.logits(IMAGES)
        np.testing.assert_allclose(many, network.forward(IMAGES.reshape(-1, 784)), atol=1e-4)
        probe.destroy()
        device.destroy()

    run(work())


def test_loading_again_reads_new_weights_from_the_engine() -> None:
    async def work() -> None:
        device, probe, network = await open_probe("mlp", "mlp")
        for name in ("layers.0.weight", "layers.1.bias"):
            network.weights[name] = network.weights[name] * -0.5
            probe.model.executable.write(name, network.weights[name].astype(np.float32))
        await probe.load()
        assert probe.version == 2
        taps: list[Any] = []
        logits = network.forward(IMAGES[0].reshape(1, 784), taps=taps)
        seen = await probe.activations(IMAGES[0])
        np.testing.assert_allclose(seen["logits"], logits[0], atol=1e-4)
        np.testing.assert_allclose(seen["act.0"], taps[0][0], atol=1e-4)
        np.testing.assert_allclose(await probe.logits(IMAGES[:1]), logits, atol=1e-4)
        np.testing.assert_allclose(probe.weights["layers.1.bias"], network.weights["layers.1.bias"], atol=1e-6)
        device.destroy()

    run(work())
