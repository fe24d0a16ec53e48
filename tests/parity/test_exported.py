"""The shipped models: the committed programs with the committed weights give what their cards say."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from scripts.export import MODELS
from scripts.fetch_mnist import locate
from tabgrad.backends.oracle.network import OracleNetwork
from tabgrad.network import load_safetensors
from tabgrad.program import loads
from tests.parity.cases import Case
from tests.parity.conftest import images
from tests.parity.test_native import OPENERS, OUTPUTS

FOLDERS = sorted(card.parent for card in MODELS.glob("*/card.json"))
ENGINES = {"wgsl": "webgpu", "wasm": "wasm"}


def card_and_weights(folder: Path) -> tuple[Mapping[str, Any], dict[str, Any]]:
    weights, _ = load_safetensors((folder / "weights.safetensors").read_bytes())
    return json.loads((folder / "card.json").read_text()), weights


def compared(folder: Path, name: str, file: str) -> dict[str, float]:
    """The errors of one program file on a new device."""
    card, weights = card_and_weights(folder)
    program = loads((folder / "programs" / file).read_text())
    case = Case(card["spec"], weights, {name: program}, *images(100))

    async def main() -> dict[str, float]:
        device = await OPENERS[ENGINES[program.target]]()
        try:
            return await OUTPUTS[name](device, case)
        finally:
            device.destroy()

    return asyncio.run(main())


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
@pytest.mark.parametrize("name", ["infer", "activations", "saliency"])
def test_every_shipped_program_gives_the_same_as_numpy(folder: Path, name: str) -> None:
    files = [path.name for path in (folder / "programs").glob(f"{name}.*.json")]
    worst = {file: max(compared(folder, name, file).values()) for file in files}
    assert {file.split(".")[1] for file in files} == ENGINES.keys()
    assert max(worst.values()) < 1e-4, worst


@pytest.mark.mnist
@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_the_card_gives_the_number_of_errors_that_numpy_finds(folder: Path) -> None:
    if locate() is None:
        pytest.skip("MNIST is missing: scripts/fetch_mnist.py fetches it")
    card, weights = card_and_weights(folder)
    pixels, labels = images(10_000)
    network = OracleNetwork(card["spec"], weights, np.float32)
    guesses = np.concatenate([network.forward(part / np.float32(255)).argmax(axis=1) for part in np.split(pixels, 20)])
    # additions in another order may change the answer to an image whose two best logits are nearly equal
    assert np.count_nonzero(guesses != labels) == pytest.approx(card["test_errors"], abs=1)
    assert card["parameters"] == sum(weights[name].size for name in weights if "running" not in name)
