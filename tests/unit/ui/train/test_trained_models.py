"""A network that answers as one to begin a run with: recognised by its card and shapes, read from its engine."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tabgrad.backends.wasm import open_device
from tabgrad.network import load_safetensors
from tabgrad.program import loads
from tabgrad.settings import OPTIMIZERS, RunSettings
from tabgrad.ui.models import Model, load_model
from tabgrad.ui.train.trained_models import FINE_TUNING_DIVISOR, settings_like, with_usual_rate
from tests.unit.session.session_runs import SMALL

MODELS = Path(__file__).parents[4] / "models"


async def shipped(name: str) -> Model:
    device = await open_device()
    program = loads((MODELS / name / "programs" / "infer.wasm.simd.json").read_bytes())
    card = json.loads((MODELS / name / "card.json").read_text())
    return await load_model(
        device, name, card, program, load_safetensors((MODELS / name / "weights.safetensors").read_bytes())[0]
    )


def test_a_run_can_begin_with_the_shipped_mlp() -> None:
    async def go() -> None:
        model = await shipped("mlp")
        settings = settings_like(model, replace(SMALL, model="cnn", lr=0.123))
        assert settings is not None
        hidden = tuple(model.card["spec"]["hidden"])
        assert (settings.model, settings.hidden, settings.activation) == ("mlp", hidden, "relu")
        assert (settings.lr, settings.batch) == (0.123, SMALL.batch)
        weights = await model.weights()
        on_file = load_safetensors((MODELS / "mlp" / "weights.safetensors").read_bytes())[0]
        assert weights.keys() == on_file.keys()
        for name, value in on_file.items():
            np.testing.assert_array_equal(weights[name], value)

    asyncio.run(go())


@pytest.mark.parametrize(
    ("card", "able"),
    [
        ({"spec": {"kind": "cnn"}}, True),
        ({"spec": {"kind": "cnn", "stages": ["conv5x8", "pool", "conv5x24", "pool", "dense64"]}}, True),
        ({"spec": {"kind": "cnn", "stages": ["conv3x8p1", "pool"]}}, False),
        ({"spec": {"kind": "cnn", "activation": "silu"}}, True),
        ({"spec": {"kind": "cnn", "activation": "gelu"}}, False),
        ({"spec": {"kind": "transformer"}}, False),
        ({}, True),
    ],
)
def test_only_networks_that_the_worker_can_build_are_offered(card: dict[str, Any], able: bool) -> None:
    async def go() -> None:
        model = await shipped("cnn")
        settings = settings_like(Model("made", card, model.executable), RunSettings())
        assert (settings is not None) is able
        if settings is not None:
            assert settings.model == "cnn"
            assert settings.activation == card.get("spec", {}).get("activation", "relu")

    asyncio.run(go())


def test_fine_tuning_lowers_the_usual_rate_and_keeps_a_chosen_one() -> None:
    usual = RunSettings(optimizer="adamw", lr=OPTIMIZERS["adamw"].usual_rate)
    gentle = with_usual_rate(usual, True)
    assert gentle.lr == pytest.approx(OPTIMIZERS["adamw"].usual_rate / FINE_TUNING_DIVISOR)
    assert with_usual_rate(gentle, True) == gentle
    assert with_usual_rate(gentle, False) == usual
    chosen = replace(usual, lr=0.0123)
    assert with_usual_rate(chosen, True) == with_usual_rate(chosen, False) == chosen
