"""A network that starts from the features of the site's CNN keeps them to the bit and learns with its last layers."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from scripts.sitebuild.parts import ROOT
from tabgrad.artifacts import load_weights
from tabgrad.backends.oracle.network import OracleNetwork
from tabgrad.backends.oracle.optim import train_step
from tabgrad.backends.wasm import open_device
from tabgrad.network import (
    FEATURE_STAGES,
    FROZEN_STAGES,
    draw_weights,
    frozen_names,
    load_safetensors,
    parse_stages,
    save_safetensors,
    spec_shapes,
    stages,
)
from tabgrad.protocol import Failed, Finished, Start, Weights
from tabgrad.session import plan
from tabgrad.session.network import load_network
from tabgrad.session.runtime import FetchFeatures, no_features
from tabgrad.session.schedule import learning_rates
from tabgrad.settings import FEW_EXAMPLES, RunSettings, answering_spec, training_spec
from tests.unit.session.session_bench import Bench, measured, on_bench
from tests.unit.session.session_runs import TRAINING_IMAGES, Digits, compiled

#: A step of it takes milliseconds.
SETTINGS = replace(FEW_EXAMPLES, batch=16, epochs=0.3)
FROZEN = frozen_names(training_spec(SETTINGS))
CNN_FILE = ROOT / "models" / "cnn" / "weights.safetensors"


def shipped() -> Mapping[str, NDArray[Any]]:
    return load_safetensors(CNN_FILE.read_bytes())[0]


async def cnn_file() -> bytes:
    return CNN_FILE.read_bytes()


def test_the_features_are_those_of_the_cnn_that_comes_with_the_site() -> None:
    card = json.loads((CNN_FILE.parent / "card.json").read_text())
    assert tuple(card["spec"]["stages"]) == FEATURE_STAGES
    assert card["spec"].get("activation", "relu") == training_spec(SETTINGS)["activation"]
    kinds = [stage.kind for stage in parse_stages(FEATURE_STAGES)]
    assert "conv" not in kinds[FROZEN_STAGES:]
    assert "dense" not in kinds[:FROZEN_STAGES]
    assert {name.partition(".")[0] for name in FROZEN} == {"convs", "norms"}
    assert shipped().keys() > FROZEN


@pytest.mark.parametrize("labels", [(), ("a", "b", "c")], ids=["ten classes", "three"])
def test_the_network_has_the_cnns_layers_and_as_many_logits_as_classes(labels: tuple[str, ...]) -> None:
    settings = replace(SETTINGS, labels=labels)
    found = stages(answering_spec(settings))
    assert [stage.shape for stage in found[:-1]] == [stage.shape for stage in parse_stages(FEATURE_STAGES)[:-1]]
    assert found[-1].units == len(settings.alphabet)
    assert "frozen" not in answering_spec(settings)


def test_its_steps_are_those_of_the_oracle_and_change_no_feature() -> None:
    async def go() -> None:
        train, evaluate = compiled("train", SETTINGS), compiled("evaluate", SETTINGS)
        device = await open_device()
        network = await load_network(device, train, evaluate)
        spec = training_spec(SETTINGS)
        weights = draw_weights(spec_shapes(spec) or {}, 1) | {n: t for n, t in shipped().items() if n in FROZEN}
        await network.initialise(1, np.zeros(784, np.float32))
        network.write(weights)
        oracle, state = OracleNetwork(spec, weights), dict[str, Any]()
        source, count = Digits(1), 6
        samples = await source.take(count * SETTINGS.batch)
        x = samples.images.reshape(count, SETTINGS.batch, 784)
        y = samples.labels.reshape(count, SETTINGS.batch).astype(np.int32)
        rates = learning_rates(SETTINGS, 0, count, TRAINING_IMAGES)
        hyper = plan.hyperparameters(SETTINGS, train)
        for name, value in hyper.items():
            network.train.write(name, value)
        streams = {"x": x, "y": y, "lr": rates.reshape(count, 1)}
        ours = (await network.train.run_steps(count, streams, ["loss"]))["loss"].reshape(count)
        numbers = {name: float(value[0]) for name, value in hyper.items()}
        theirs = [
            train_step(oracle, "adamw", state, (x[k], y[k].astype(np.int64)), {**numbers, "lr": float(rates[k])})
            for k in range(count)
        ]
        np.testing.assert_allclose(ours, theirs, rtol=2e-4)
        for name, value in (await network.weights()).items():
            if name in FROZEN:
                np.testing.assert_array_equal(value, weights[name])
                np.testing.assert_array_equal(oracle.weights[name], weights[name])
            else:
                assert (value != weights[name]).any()
                np.testing.assert_allclose(value, oracle.weights[name], atol=2e-3)
        network.destroy()
        device.destroy()

    asyncio.run(go())


def test_nothing_is_kept_for_what_never_changes() -> None:
    state = {buffer.name for buffer in compiled("train", SETTINGS).by_role("state")}
    assert not {name for name in state if name.removeprefix("opt.").rpartition(".")[0] in FROZEN}
    assert "opt.layers.1.weight.m" in state


def test_a_run_keeps_the_features_and_answers_as_an_ordinary_network() -> None:
    async def go(bench: Bench) -> None:
        await bench.answer(Start, settings=SETTINGS.to_json())
        finished = await bench.expect(Finished)
        weights = [e for e in bench.events if isinstance(e, Weights)][-1].weights
        assert measured(weights).accuracy == pytest.approx(finished.validation_accuracy, abs=0.005)
        file = load_weights(weights)
        assert file.settings == replace(SETTINGS, engine=file.settings.engine)
        assert file.spec == answering_spec(SETTINGS)
        for name in FROZEN:
            np.testing.assert_array_equal(file.tensors[name], shipped()[name])
        assert (file.tensors["layers.0.weight"] != shipped()["layers.0.weight"]).any()

    on_bench(go, fetch_features=cnn_file)


def test_a_run_can_begin_with_the_weights_of_such_a_network() -> None:
    async def go(bench: Bench) -> None:
        given = {name: tensor + np.float32(0.001) for name, tensor in shipped().items()}
        await bench.answer(Start, settings=SETTINGS.to_json(), weights=save_safetensors(given, {}))
        await bench.expect(Finished)
        last = load_weights([e for e in bench.events if isinstance(e, Weights)][-1].weights)
        for name in FROZEN:
            np.testing.assert_array_equal(last.tensors[name], given[name])

    on_bench(go)  # the site's CNN is not asked for


async def another_network() -> bytes:
    return save_safetensors(draw_weights(dict.fromkeys(FROZEN, (2, 2)), 1), {})


async def offline() -> bytes:
    raise OSError("The site cannot be reached.")


@pytest.mark.parametrize(
    ("fetch", "kind", "sentence"),
    [
        (no_features, "data", "built without CNN"),
        (offline, "data", "cannot be reached"),
        (another_network, "input", "this network needs"),
    ],
    ids=["without CNN", "offline", "other weights"],
)
def test_without_the_features_there_is_one_sentence(fetch: FetchFeatures, kind: str, sentence: str) -> None:
    async def go(bench: Bench) -> None:
        failed = await bench.answer(Start, settings=SETTINGS.to_json())
        assert isinstance(failed, Failed)
        assert failed.kind == kind
        assert sentence in failed.message
        bench.forget_events()
        await bench.answer(Start, settings=RunSettings(hidden=(8,), epochs=0.1).to_json())
        await bench.expect(Finished)  # the next run is well

    on_bench(go, fetch_features=fetch)
