"""Networks that were made on the page, as models that answer: what their cards say."""

from __future__ import annotations

import asyncio
from pathlib import Path

from tabgrad.alphabet import DIGITS
from tabgrad.artifacts import load_weights, save_weights
from tabgrad.backends.wasm import open_device
from tabgrad.network import load_safetensors, save_safetensors, shapes_of, spec_of
from tabgrad.settings import RunSettings
from tabgrad.ui.models.live import LiveModel

MLP = Path(__file__).parents[3] / "models" / "mlp"
PROGRAM = (MLP / "programs" / "infer.wasm.simd.json").read_bytes()
WEIGHTS = load_safetensors((MLP / "weights.safetensors").read_bytes())[0]


def test_a_network_is_called_what_it_is_now_also_while_it_answers() -> None:
    async def go() -> None:
        network = LiveModel("training", "The network in training", "mine")
        network.set_program(PROGRAM)
        weights = load_weights(save_safetensors(WEIGHTS, {"spec": '{"kind": "mlp", "hidden": [128, 64]}'}))
        assert network.set_weights(weights)  # they are its first
        model = await network.make(await open_device())
        assert (model.title, model.card["learned_from"]) == ("The network in training", "mine")
        network.describe("The network just trained")
        assert (model.title, model.card["learned_from"]) == ("The network just trained", "mine")
        network.describe("The network in training", "mnist")
        assert model.card["learned_from"] == "mnist"
        assert model.card["spec"]["hidden"] == [128, 64]
        assert not network.set_weights(load_weights(save_safetensors(WEIGHTS)))
        assert network.update_if_active(model)
        assert not network.update_if_active(None)

    asyncio.run(go())


def test_a_file_that_says_nothing_of_its_network_is_recognised_by_its_tensors() -> None:
    async def go() -> None:
        foreign = load_weights(save_safetensors(WEIGHTS))
        network = LiveModel("imported", "Imported")
        network.set_program(PROGRAM)
        network.set_weights(foreign)
        model = await network.make(await open_device())
        assert spec_of(model.card, shapes_of(WEIGHTS))["kind"] == "mlp"
        assert foreign.settings.hidden == (128, 64)

    asyncio.run(go())


def test_a_network_knows_the_labels_of_its_weights() -> None:
    async def go() -> None:
        digits = RunSettings(hidden=(128, 64))
        words = tuple(f"word {i}" for i in range(10))
        network = LiveModel("training", "The network in training")
        network.set_program(PROGRAM)
        assert network.set_weights(load_weights(save_weights(WEIGHTS, digits)))
        model = await network.make(await open_device())
        assert model.alphabet == DIGITS
        assert model.greeting == "The network in training answers now."
        # The same program tells other classes apart now: that is another network.
        assert network.set_weights(load_weights(save_weights(WEIGHTS, RunSettings(hidden=(128, 64), labels=words))))
        assert not network.update_if_active(model)
        assert model.alphabet == DIGITS
        model = await network.make(await open_device())
        assert model.alphabet == words
        assert model.greeting.endswith("It knows word 0 … word 9 (10 classes).")

    asyncio.run(go())
