"""The parts of the session that need no engine: schedules, plans, records, statistics, files."""

from __future__ import annotations

import asyncio
import itertools
import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tabgrad.artifacts import Record, load_weights, pack, unpack
from tabgrad.data.augment import MILD
from tabgrad.data.augment_shared import AugmentedSource, SharedAugmenter
from tabgrad.network import WeightsError, draw_weights, fold_mean, initial_state, save_safetensors, weights_for
from tabgrad.session import plan
from tabgrad.session.network import mean_image
from tabgrad.session.schedule import Rates, learning_rates
from tabgrad.settings import RunSettings, SettingsError, total_steps
from tests.unit.session.session_runs import Digits, compiled, digits

BASE = RunSettings(batch=100, epochs=4, lr=0.5, warm_up=0.25, decay=0.5)
SAMPLES = 10_000


@pytest.mark.parametrize(
    ("schedule", "expected"),
    [
        ("constant", {0: 0.5, 100: 0.5, 399: 0.5}),
        ("exponential", {0: 0.5, 100: 0.25, 200: 0.125, 300: 0.0625}),
        ("cosine", {0: 0.5, 199.5: 0.25, 399: 0.0}),
        ("one_cycle", {0: 0.02, 99.75: 0.5, 399: 0.0005}),
    ],
)
def test_schedules_pass_through_their_known_points(schedule: str, expected: dict[float, float]) -> None:
    settings = replace(BASE, schedule=schedule)
    rates = learning_rates(settings, 0, total_steps(settings, SAMPLES), SAMPLES)
    for step, rate in expected.items():
        assert np.interp(step, np.arange(len(rates)), rates) == pytest.approx(rate, abs=2e-3 * BASE.lr)
    assert (rates >= 0).all()
    assert (rates <= BASE.lr + 1e-7).all()


@given(st.sampled_from(["constant", "exponential", "cosine", "one_cycle"]), st.integers(0, 390), st.integers(1, 9))
def test_rates_do_not_depend_on_how_steps_are_chunked(schedule: str, first: int, count: int) -> None:
    settings = replace(BASE, schedule=schedule)
    whole = learning_rates(settings, 0, 400, SAMPLES)
    np.testing.assert_array_equal(learning_rates(settings, first, count, SAMPLES), whole[first : first + count])


def test_rates_worked_out_ahead_are_those_of_each_step_also_after_a_change() -> None:
    rates, slower = Rates(SAMPLES), replace(BASE, lr=BASE.lr / 2)
    for settings, first, count in ((BASE, 0, 3), (BASE, 3, 5000), (slower, 5003, 7), (slower, 2, 9)):
        found, expected = rates.of(settings, first, count), learning_rates(settings, first, count, SAMPLES)
        np.testing.assert_array_equal(found, expected)


def test_a_run_has_at_least_one_step() -> None:
    assert total_steps(replace(BASE, epochs=0.01, batch=1024), 50) == 1
    assert total_steps(replace(BASE, epochs=1.5, batch=64), 55_000) == 1290


def test_initial_weights_are_the_models_own() -> None:
    from tabgrad import model

    for spec in ({"kind": "mlp", "hidden": [32, 16], "center": True}, {"kind": "cnn"}):
        network = model.build(spec)
        shapes = {name: tuple(int(n) for n in t.shape) for name, t in model.state(network).items()}
        expected = model.initial_weights(network, 3)
        assert {k: v.tolist() for k, v in draw_weights(shapes, 3).items()} == {
            k: v.tolist() for k, v in expected.items()
        }


def test_he_initialisation_keeps_the_variance_of_activations() -> None:
    sizes = (784, 512, 512, 512, 10)
    shapes = {f"layers.{i}.weight": pair for i, pair in enumerate(itertools.pairwise(sizes))}
    weights = draw_weights(shapes, 0)
    x = np.random.default_rng(0).standard_normal((256, 784)).astype(np.float32)
    for i in range(3):
        x = np.maximum(x @ weights[f"layers.{i}.weight"], 0)
        assert 0.8 < np.square(x).mean() < 1.25
    assert 0.5 < np.square(x @ weights["layers.3.weight"]).mean() < 2


def test_the_state_of_adam_and_dropout_starts_where_it_must() -> None:
    assert initial_state("opt.decay1", (1,), 5) == np.ones(1, np.float32)
    assert not initial_state("opt.layers.0.weight.m", (3, 2), 5).any()
    assert initial_state("rng.seed", (2,), 5).tolist() == [0, 5]
    assert initial_state("rng.counter", (2,), 5).dtype == np.uint32


def test_folding_the_mean_changes_no_answer() -> None:
    rng = np.random.default_rng(0)
    names = {"layers.0.weight": (784, 8), "layers.0.bias": (8,), "input_mean": (784,)}
    weights = {name: rng.standard_normal(shape).astype(np.float32) for name, shape in names.items()}
    folded, x = fold_mean(weights), rng.random((5, 784), np.float32)
    assert "input_mean" not in folded
    expected = (x - weights["input_mean"]) @ weights["layers.0.weight"] + weights["layers.0.bias"]
    np.testing.assert_allclose(x @ folded["layers.0.weight"] + folded["layers.0.bias"], expected, atol=1e-3)


def test_a_request_names_everything_that_changes_its_program() -> None:
    one = plan.training_request(RunSettings(), "wasm", "simd")
    same = plan.training_request(replace(RunSettings(), lr=0.1, seed=9, momentum=0.5, epochs=7), "wasm", "simd")
    assert one.stem == same.stem
    others: list[dict[str, Any]] = [
        {"batch": 32},
        {"hidden": (64,)},
        {"activation": "tanh"},
        {"dropout": 0.1},
        {"optimizer": "muon"},
        {"clip": 1.0},
        {"label_smoothing": 0.1},
        {"center": "plain"},
        {"model": "cnn"},
    ]
    stems = {plan.training_request(replace(RunSettings(), **other), "wasm", "simd").stem for other in others}
    assert len(stems | {one.stem}) == len(others) + 1
    assert one.stem.endswith(".wasm.simd")


def test_sgd_has_no_momentum_and_adam_no_decay() -> None:
    sgd = replace(RunSettings(), optimizer="sgd", hidden=(16,), batch=32)
    assert plan.hyperparameters(sgd, compiled("train", sgd))["momentum"] == 0
    adam = replace(sgd, optimizer="adam", weight_decay=0.5)
    assert plan.hyperparameters(adam, compiled("train", adam))["weight_decay"] == 0


def test_tuning_refuses_what_needs_another_program() -> None:
    assert plan.tuned(RunSettings(), {"lr": 0.01}).lr == 0.01
    for values in ({"batch": 1}, {"hidden": (3,)}, {"clip": 1.0}, {"lr": -1}):
        with pytest.raises(SettingsError):
            plan.tuned(RunSettings(), values)


@given(st.lists(st.integers(1, 60), min_size=1, max_size=20))
def test_points_of_the_curves_do_not_depend_on_chunks(chunks: list[int]) -> None:
    rng = np.random.default_rng(0)
    total = sum(chunks)
    losses, correct = rng.random(total).astype(np.float32), rng.integers(0, 10, total).astype(np.int32)
    parts, whole = (Record(RunSettings(batch=10, epochs=20), 2000, 1000) for _ in range(2))
    whole.add(losses, correct)
    at = 0
    for n in chunks:
        parts.add(losses[at : at + n], correct[at : at + n])
        at += n
    assert parts.curves.step == whole.curves.step
    np.testing.assert_allclose(parts.curves.loss, whole.curves.loss)
    assert parts.curves.accuracy == whole.curves.accuracy
    assert Record.from_json(json.loads(json.dumps(parts.to_json()))) == parts


def test_augmented_samples_depend_on_position_alone() -> None:
    whole = asyncio.run(AugmentedSource(Digits(1), SharedAugmenter(MILD, 1, 4)).take(64))
    late = AugmentedSource(Digits(1), SharedAugmenter(MILD, 1, 4))
    late.position = 40
    np.testing.assert_array_equal(asyncio.run(late.take(24)).images, whole.images[40:])
    assert (whole.images != asyncio.run(Digits(1).take(64)).images).any()


def test_the_mean_image_leaves_the_source_where_it_was() -> None:
    source = Digits(1, position=96)
    mean = asyncio.run(mean_image(source))
    assert source.position == 96
    assert mean.shape == (784,)
    assert mean.dtype == np.float32
    assert abs(mean.mean() - digits(640, 1).images.mean() / 255) < 0.02


def damaged_checkpoints() -> dict[str, bytes]:
    record = Record(RunSettings(), total_steps(RunSettings(), 100), 100)
    body = record.to_json()
    meta = {"format": "tabgrad-checkpoint"}
    return {
        "empty": b"",
        "truncated": pack({"a": np.zeros(3, np.float32)}, record)[:-4],
        "no record": save_safetensors({}, meta),
        "not json": save_safetensors({}, {**meta, "record": "{"}),
        "bad settings": save_safetensors({}, {**meta, "record": json.dumps({**body, "settings": {"lr": -1}})}),
        "unknown part": save_safetensors({}, {**meta, "record": json.dumps({**body, "mood": 1})}),
        "wrong curves": save_safetensors({}, {**meta, "record": json.dumps({**body, "curves": 3})}),
    }


@pytest.mark.parametrize("name", damaged_checkpoints())
def test_a_damaged_checkpoint_is_one_sentence(name: str) -> None:
    with pytest.raises(WeightsError) as caught:
        unpack(damaged_checkpoints()[name])
    assert str(caught.value).endswith(".")


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"layers.1.bias": None}, "no tensor 'layers.1.bias'"),
        ({"layers.7.bias": np.zeros(3, np.float32)}, "'layers.7.bias' too many"),
        ({"layers.1.bias": np.zeros(11, np.float32)}, "needs"),
        ({"layers.1.bias": np.full(10, np.nan, np.float32)}, "not finite"),
    ],
)
def test_weights_that_do_not_fit_are_refused_in_one_sentence(change: dict[str, Any], sentence: str) -> None:
    program = compiled("train", replace(RunSettings(), hidden=(16,), batch=32))
    good = draw_weights({b.name: b.shape for b in program.by_role("weight")}, 0)
    assert weights_for(program, load_weights(save_safetensors(good)).tensors).keys() == good.keys()
    changed = {name: value for name, value in {**good, **change}.items() if value is not None}
    with pytest.raises(WeightsError, match=sentence):
        weights_for(program, load_weights(save_safetensors(changed)).tensors)
