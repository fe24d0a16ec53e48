"""Networks made on the page as models that answer: what their cards say, and what a checkpoint says of its run."""

from __future__ import annotations

import asyncio
from pathlib import Path

import numpy as np
import pytest

from tabgrad.artifacts.checkpoint import pack
from tabgrad.artifacts.record import Record
from tabgrad.backends.wasm import open_device
from tabgrad.network import shapes_of, spec_of
from tabgrad.network import load_safetensors, save_safetensors
from tabgrad.program import ProgramError
from tabgrad.ui.models.live import LiveModel, plain_weights, record_in, settings_of
from tests.unit.session.session_runs import SMALL

MLP = Path(__file__).parents[3] / "models" / "mlp"
PROGRAM = (MLP / "programs" / "infer.wasm.simd.json").read_bytes()
WEIGHTS = load_safetensors((MLP / "weights.safetensors").read_bytes())[0]


def test_a_network_is_called_what_it_is_now_also_while_it_answers() -> None:
    async def go() -> None:
        told: list[bool] = []
        network = LiveModel("training", "The network in training", lambda _network, another: told.append(another))
        network.describe("The network in training", "mine")
        network.set_program(PROGRAM)
        network.set_weights(save_safetensors(WEIGHTS, {"spec": '{"kind": "mlp", "hidden": [128, 64]}'}))
        model = await network.make(await open_device())
        assert (model.title, model.card["learned_from"]) == ("The network in training", "mine")
        network.describe("The network just trained")
        assert (model.title, model.card["learned_from"]) == ("The network just trained", "mine")
        network.describe("The network in training", "mnist")
        assert model.card["learned_from"] == "mnist"
        assert model.card["spec"]["hidden"] == [128, 64]
        network.set_weights(save_safetensors(WEIGHTS))
        assert told == [True, False]
        assert network.answers_as(model)

    asyncio.run(go())


def test_a_file_that_says_nothing_of_its_network_is_recognised_by_its_tensors() -> None:
    async def go() -> None:
        foreign = save_safetensors(WEIGHTS)
        network = LiveModel("imported", "Imported", lambda _network, _another: None)
        network.set_program(PROGRAM)
        network.set_weights(foreign)
        model = await network.make(await open_device())
        assert spec_of(model.card, shapes_of(WEIGHTS))["kind"] == "mlp"
        assert settings_of(*load_safetensors(foreign)).hidden == (128, 64)

    asyncio.run(go())


def test_a_checkpoint_says_which_run_it_is_of() -> None:
    record = Record(SMALL, 100, 640, step=17, origin="MLP")
    packed = pack({"layers.0.bias": np.zeros(3, np.float32), "opt.layers.0.bias.m": np.ones(3, np.float32)}, record)
    found = record_in(packed)
    assert (found["step"], found["origin"]) == (17, "MLP")
    weights, settings = plain_weights(packed)
    assert settings == SMALL
    assert load_safetensors(weights)[0].keys() == {"layers.0.bias"}


@pytest.mark.parametrize("record", [None, "{", "3", '{"step": 1}', '{"step": "x", "settings": {}}'])
def test_a_file_that_is_no_checkpoint_is_one_sentence(record: str | None) -> None:
    damaged = save_safetensors({}, {"format": "tabgrad-checkpoint", **({"record": record} if record else {})})
    for read in (record_in, plain_weights):
        with pytest.raises(ProgramError, match=r"^The file is not a checkpoint.*\.$"):
            read(damaged)
