"""Out-of-distribution drawings: their stream, their targets, and that a network learns to be unsure of them."""

import asyncio
from pathlib import Path

import numpy as np
import pytest

from scripts.train import distillation, out_of_distribution
from scripts.train.engine import open_engine
from scripts.train.measure import KINDS, Calibration, measure, refused_share
from scripts.train.measured_drawings import LETTERS
from scripts.train.measured_drawings import out_of_distribution as measured
from tabgrad import model
from tabgrad.data import Samples
from tabgrad.metrics import softmax
from tabgrad.network import save_safetensors
from tests.unit.scripts.tiny_training import TINY, corpus, fitted


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(out_of_distribution, "CHUNKS", 1)


@pytest.mark.parametrize("kind", out_of_distribution.KINDS)
def test_every_drawing_has_ink_and_is_repeatable(kind: str) -> None:
    images = out_of_distribution.draw(3, kind, 1)
    assert images.dtype == np.uint8
    assert len(images) > 100
    assert (images.reshape(len(images), -1).max(1) > 100).all()
    assert (images == out_of_distribution.draw(3, kind, 1)).all()
    assert not np.array_equal(images[:50], out_of_distribution.draw(3, kind, 2)[:50])


def test_the_stream_depends_only_on_seed_and_position() -> None:
    async def parts(*sizes: int) -> Samples:
        source = out_of_distribution.OODSource(5, 7)
        taken = [await source.take(n) for n in sizes]
        return Samples(*(np.concatenate(arrays) for arrays in zip(*taken, strict=True)))

    whole, pieces = asyncio.run(parts(60)), asyncio.run(parts(13, 1, 46))
    assert (whole.images == pieces.images).all()
    assert (whole.labels == out_of_distribution.NO_DIGIT).all()


def test_training_and_measuring_use_different_kinds() -> None:
    assert not {t.name for t in out_of_distribution.SIGNS} & {t.name for t in LETTERS}
    assert not set(out_of_distribution.KINDS) & set(KINDS)


def test_targets_are_certain_only_of_digits() -> None:
    p = softmax(out_of_distribution.targets(np.array([3, out_of_distribution.NO_DIGIT], np.uint8)))
    assert p[0, 3] == pytest.approx(1, abs=1e-6)
    assert p[1] == pytest.approx(np.full(10, 0.1))


def test_training_on_some_kinds_lowers_the_confidence_in_others() -> None:
    async def confidence(share: float) -> tuple[float, float]:
        run = await fitted(TINY.changed({"epochs": 12, "garbage_share": share}))
        unknown = np.concatenate([measured(1, kind) for kind in KINDS])
        seen = await run.evaluate(run.best, Samples(unknown, np.zeros(len(unknown), np.uint8)))
        digits = await run.evaluate(run.best, run.corpus.validation)
        return float(softmax(seen.logits).max(1).mean()), digits.accuracy

    without, with_it = asyncio.run(confidence(0.0)), asyncio.run(confidence(0.2))
    assert with_it[0] < without[0] - 0.1
    assert with_it[1] > 0.6


def test_the_teachers_logits_are_zero_for_out_of_distribution_drawings(tmp_path: Path) -> None:
    spec = {"kind": "mlp", "hidden": [16]}
    weights = save_safetensors(model.initial_weights(model.build(spec), 1))
    recipe = TINY.changed({"teacher": "tiny", "teacher_share": 0.5, "copies": 1, "garbage_share": 0.2})

    async def ask() -> distillation.DistillationSet:
        return await distillation._run_teacher(recipe, corpus(1000), await open_engine("wasm"), spec, weights)

    distilled = asyncio.run(ask())
    none = distilled.labels == out_of_distribution.NO_DIGIT
    assert none.sum() == 200
    assert (distilled.logits[none] == 0).all()
    assert (np.abs(distilled.logits[~none]).max(1) > 0).all()
    run = asyncio.run(fitted(recipe.changed({"epochs": 12}), distilled=distilled))
    assert run.history.loss[-1] < run.history.loss[0]


def test_answers_below_the_threshold_are_refused() -> None:
    logits = np.zeros((4, 10), np.float32)
    logits[:2, 5] = 10
    calibration = Calibration(temperature=1, ece_before=0, ece=0, not_sure_below=0.5, refused=0, ood_refused=0)
    assert refused_share(logits, calibration) == 0.5


def test_measuring_reads_neither_the_test_set_nor_the_pen_digits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scripts.train.measure.read_strokes", None)

    async def main() -> dict:
        run = await fitted(TINY)
        assert run._evaluator is not None
        figures, calibration = await measure(run._evaluator, run.best, run.corpus)
        assert figures["not_sure_below"] == round(calibration.not_sure_below, 4)
        return figures

    figures = asyncio.run(main())
    assert set(figures["garbage_refused_by_kind"]) == set(KINDS)
    assert all(0 <= share <= 1 for share in figures["garbage_refused_by_kind"].values())
    assert 0.2 < figures["drawn_digits_accuracy"] <= 1
    assert 0 < figures["drawn_digits_refused"] < 1
