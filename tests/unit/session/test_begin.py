"""A run can begin with a network that is there already: the one that answers now."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tabgrad.artifacts import unpack
from tabgrad.network import load_safetensors
from tabgrad.protocol import Checkpoint, Failed, Finished, Progress, SaveCheckpoint, Start, Weights
from tests.unit.session.session_bench import Bench, measured, on_bench
from tests.unit.session.session_runs import SMALL


def test_a_run_can_begin_with_a_network_and_answers_as_it_did_before_the_first_step() -> None:
    async def go(bench: Bench) -> None:
        await bench.answer(Start, settings=SMALL.to_json())
        learned = (await bench.expect(Finished)).validation_accuracy
        weights = [e for e in bench.events if isinstance(e, Weights)][-1].weights
        for center in ("mean", "plain"):
            bench.forget_events()
            settings = replace(SMALL, center=center, seed=7, lr=1e-6)
            await bench.answer(Start, settings=settings.to_json(), weights=weights, origin="Teacher", start_paused=True)
            await bench.expect(Progress)
            begun = (await bench.expect(Weights)).weights
            assert measured(begun).accuracy == pytest.approx(learned, abs=0.005)
            given, now = load_safetensors(weights)[0], load_safetensors(begun)[0]
            assert given.keys() == now.keys()
            for name, value in given.items():
                np.testing.assert_allclose(now[name], value, atol=1e-5)
            saved = await bench.answer(SaveCheckpoint)
            assert isinstance(saved, Checkpoint)
            assert unpack(saved.checkpoint).record.origin == "Teacher"

    on_bench(go)


def test_a_network_of_another_shape_cannot_be_begun_with() -> None:
    async def go(bench: Bench) -> None:
        await bench.answer(Start, settings=SMALL.to_json())
        await bench.expect(Finished)
        weights = [e for e in bench.events if isinstance(e, Weights)][-1].weights
        bench.forget_events()
        failed = await bench.answer(Start, settings=replace(SMALL, hidden=(5,)).to_json(), weights=weights)
        assert isinstance(failed, Failed)
        assert failed.kind == "input"
        assert "layers.0" in failed.message

    on_bench(go)
