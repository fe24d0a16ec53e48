"""scripts.train: recipes, resumed runs, distillation, calibration, cards, and the search space of the sweeps."""

import asyncio
import json
from pathlib import Path

import numpy as np
import pytest

from scripts.train import card, loop, seeds, space
from scripts.train.__main__ import main, parse_changes
from scripts.train.distillation import DistillationSet
from scripts.train.engine import open_engine
from scripts.train.measure import calibrate, fit_temperature
from scripts.train.recipe import FOLDER, Recipe, RecipeError, load_recipe
from tabgrad import model
from tabgrad.data import Samples
from tabgrad.data.strokes import StrokeSource
from tabgrad.metrics import softmax
from tabgrad.network import load_safetensors, parameter_count
from tabgrad.settings import SettingsError
from tests.unit.scripts.tiny_training import TINY, corpus, fitted


def test_a_run_learns_and_reports_each_epoch() -> None:
    lines: list[str] = []
    run = asyncio.run(fitted(TINY.changed({"epochs": 12}), lines=lines))
    assert run.history.validation_errors[-1] < 120 < run.history.validation_errors[0]
    assert len(lines) == 12
    assert lines[-1].startswith("tiny seed 1 epoch 12.0: loss")


def test_a_resumed_run_equals_an_uninterrupted_one(tmp_path: Path) -> None:
    whole = asyncio.run(fitted(TINY))
    asyncio.run(fitted(TINY, tmp_path / "state", stop_after=1))
    rest = asyncio.run(fitted(TINY, tmp_path / "state"))
    assert rest.history.validation_errors == whole.history.validation_errors
    assert rest.history.loss == pytest.approx(whole.history.loss, rel=1e-6)
    for name, value in whole.best.items():
        assert (rest.best[name] == value).all()


def test_patience_ends_a_run_that_does_not_improve() -> None:
    run = asyncio.run(fitted(TINY.changed({"epochs": 60, "patience": 2, "lr": 0.3, "schedule": "constant"})))
    assert run.step < run.steps
    errors = run.history.validation_errors
    assert min(errors[-2:]) > min(errors[:-2])


def test_the_best_epoch_is_kept() -> None:
    run = asyncio.run(fitted(TINY))
    measured = asyncio.run(measure(run))
    assert round((1 - measured) * 300) == min(run.history.validation_errors)


async def measure(run: loop.Run) -> float:
    return (await run.evaluate(run.best, run.corpus.validation)).accuracy


def test_a_student_learns_from_the_teachers_logits_alone() -> None:
    images, labels = StrokeSource(9).take_now(960)
    logits = np.full((960, 10), -4, np.float32)
    logits[np.arange(960), labels] = 4
    wrong = ((labels + 5) % 10).astype(np.uint8)  # only the teacher's logits are right
    recipe = TINY.changed({"teacher": "cnn", "teacher_share": 1.0, "epochs": 12})
    run = asyncio.run(fitted(recipe, distilled=DistillationSet(images, wrong, logits)))
    assert min(run.history.validation_errors) < 120


def test_the_order_of_a_distillation_set_depends_on_seed_and_position() -> None:
    n = 50
    distilled = DistillationSet(
        np.arange(n * 784, dtype=np.uint8).reshape(n, 28, 28),
        np.arange(n, dtype=np.uint8),
        np.zeros((n, 10), np.float32),
    )
    whole = distilled.take(0, 150, 3)[1]
    parts = [distilled.take(p, 30, 3)[1] for p in range(0, 150, 30)]
    assert (np.concatenate(parts) == whole).all()
    assert all(sorted(whole[i : i + n]) == list(range(n)) for i in (0, n, 2 * n))
    assert (distilled.take(0, 150, 4)[1] != whole).any()


def test_a_finished_seed_is_trained_again_only_for_another_teacher(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(seeds, "RUNS", tmp_path)
    images, labels = StrokeSource(9).take_now(960)
    recipe = TINY.changed({"teacher": "cnn", "teacher_share": 0.5, "epochs": 1})

    async def run(teacher: str) -> tuple[dict[str, object], Path]:
        distilled = DistillationSet(images, labels, np.zeros((960, 10), np.float32), teacher)
        return await seeds.train_seed(recipe, 1, corpus(), await open_engine("wasm"), distilled)

    (first, weights), (other, others) = asyncio.run(run("a" * 64)), asyncio.run(run("b" * 64))
    assert weights.parent != others.parent
    written = weights.stat().st_mtime_ns
    again, file = asyncio.run(run("a" * 64))
    assert (again, file, file.stat().st_mtime_ns) == (first, weights, written)
    assert other["validation_errors"] == first["validation_errors"]  # the same images and logits, under another name


def test_weights_only_writes_no_card_and_does_not_read_the_test_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(seeds, "RUNS", tmp_path / "runs")
    monkeypatch.setattr(card, "MODELS", tmp_path / "models")

    async def small() -> object:
        return corpus()

    monkeypatch.setattr(seeds, "open_corpus", small)
    monkeypatch.setattr(seeds, "read_test_set", None)  # reading it would fail
    rows = asyncio.run(seeds.train(TINY.changed({"epochs": 1}), [1, 2], "wasm", ship=False, weights_only=True))
    assert rows[0]["validation_errors"] <= rows[1]["validation_errors"]
    assert [path.name for path in (tmp_path / "models" / "tiny").iterdir()] == ["weights.safetensors"]
    best = next((tmp_path / "runs").glob(f"*/seed-{rows[0]['seed']}.weights.safetensors"))
    kept, _ = load_safetensors((tmp_path / "models" / "tiny" / "weights.safetensors").read_bytes())
    trained, _ = load_safetensors(best.read_bytes())
    assert (kept["layers.0.weight"] == trained["layers.0.weight"]).all()


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.json")), ids=lambda p: p.stem)
def test_every_recipe_builds_a_network_within_the_limits(path: Path) -> None:
    recipe = load_recipe(path.stem)
    recipe.run_settings(1)
    recipe.distortions()
    assert len(recipe.seeds) >= 3
    limit = 110_000 if recipe.spec["kind"] == "mlp" else 100_000
    assert parameter_count(model.shapes(model.build(recipe.spec))) <= limit
    assert Recipe(**{**recipe.to_json(), "seeds": recipe.seeds}).digest() == recipe.digest()


def test_unknown_recipes_and_settings_are_explained(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(RecipeError, match="There is no recipe 'nope'; choose one of cnn"):
        load_recipe("nope")
    with pytest.raises(SettingsError, match="There is no setting called 'speed'"):
        TINY.changed({"speed": 3}).run_settings(1)
    with pytest.raises(RecipeError, match="name=value"):
        parse_changes(["lr"])
    assert parse_changes(["lr=0.1", "teacher=cnn", 'spec={"kind": "mlp"}']) == {
        "lr": 0.1,
        "teacher": "cnn",
        "spec": {"kind": "mlp"},
    }
    assert main(["nope"]) == 1
    assert "There is no recipe" in capsys.readouterr().err


def test_temperature_undoes_overconfidence() -> None:
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 2, (20_000, 10)).astype(np.float32)
    labels = np.array([rng.choice(10, p=row) for row in softmax(logits)], np.uint8)
    assert fit_temperature(logits * 3, labels) == pytest.approx(3, rel=0.03)
    result = calibrate(logits * 3, labels, rng.normal(0, 1, (500, 10)).astype(np.float32))
    assert result.ece < 0.01
    assert result.ece_before > 0.1
    assert result.refused <= 0.0101
    assert 0 < result.not_sure_below < 1


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ({"kind": "mlp", "hidden": [128]}, (784 * 128 + 1280, "784-128-10")),
        (
            {"kind": "cnn", "stages": ["conv5x8", "pool", "conv5x24", "pool", "dense64"]},
            (25 * 8 * 576 + 200 * 24 * 64 + 384 * 64 + 640, "conv5x8, pool, conv5x24, pool, dense64, 10"),
        ),
        ({"kind": "cnn", "stages": ["conv3x4p1", "pool"]}, (9 * 4 * 784 + 4 * 196 * 10, "conv3x4p1, pool, 10")),
    ],
)
def test_multiply_adds_and_architecture(spec: model.Spec, expected: tuple[int, str]) -> None:
    assert (card.multiply_adds(spec), card.architecture(spec)) == expected


def test_a_written_model_has_the_trained_weights_and_figures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(card, "MODELS", tmp_path)
    spec = {"kind": "mlp", "hidden": [16], "center": True, "dropout": 0.1}
    weights = model.initial_weights(model.build(spec), 1)
    weights["input_mean"] = np.linspace(0, 1, 784, dtype=np.float32)
    rows = [
        {"seed": s, "validation_errors": e, **card.test_row(100 + s, 10_000), "history": {"loss": [s + 0.123456]}}
        for s, e in ((2, 50), (1, 60))
    ]
    card.write_model("tiny", weights, spec, {"title": "Tiny"}, rows)
    written = json.loads((tmp_path / "tiny" / "card.json").read_text())
    assert (written["seed"], written["test_errors"], written["history"]) == (2, 102, {"loss": [2.1235]})
    assert [row["seed"] for row in written["seeds"]] == [1, 2]
    assert written["test_accuracy_mean"] == pytest.approx(0.98985)
    low, high = written["test_accuracy_95"]
    assert low < written["test_accuracy"] < high
    kept, _ = load_safetensors((tmp_path / "tiny" / "weights.safetensors").read_bytes())
    assert set(kept) == set(model.state(model.build(written["spec"])))
    x = np.random.default_rng(0).random(784)
    centred = (x - weights["input_mean"]) @ weights["layers.0.weight"] + weights["layers.0.bias"]
    assert x @ kept["layers.0.weight"] + kept["layers.0.bias"] == pytest.approx(centred, abs=1e-4)


@pytest.mark.parametrize("kind", ["mlp", "cnn"])
def test_every_point_of_the_search_space_is_a_recipe(kind: str) -> None:
    rng = np.random.default_rng(0)

    class Random:
        def suggest_categorical(self, name: str, choices: list) -> object:
            return choices[rng.integers(len(choices))]

        def suggest_float(self, name: str, low: float, high: float, *, log: bool = False) -> float:
            return rng.uniform(low, high)

    for _ in range(60):
        recipe = space.recipe_of(kind, space.suggest(kind, Random()), 1)
        recipe.run_settings(1)
        limit = 110_000 if kind == "mlp" else 100_000
        assert parameter_count(model.shapes(model.build(recipe.spec))) <= limit


def test_the_cards_of_the_shipped_models_are_right() -> None:
    for path in sorted(card.MODELS.glob("*/card.json")):
        written = json.loads(path.read_text())
        network = model.build(written["spec"])
        assert written["parameters"] == parameter_count(model.shapes(network))
        assert written["multiply_adds"] == card.multiply_adds(written["spec"])
        assert written["test_accuracy"] == pytest.approx(1 - written["test_errors"] / written["test_count"])
        assert 0 < written["not_sure_below"] < 1
        assert 0.2 < written["temperature"] < 5
        tensors, _ = load_safetensors((path.parent / "weights.safetensors").read_bytes())
        assert set(tensors) == set(model.state(network))
        images, labels = StrokeSource(123).take_now(512)
        assert accuracy(written["spec"], tensors, Samples(images, labels)) > 0.9


def accuracy(spec: model.Spec, weights: loop.Tensors, samples: Samples) -> float:
    async def main() -> float:
        evaluator = await loop.open_evaluator(spec, await open_engine("wasm"))
        return (await evaluator(weights, samples)).accuracy

    return asyncio.run(main())
