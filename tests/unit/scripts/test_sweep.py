"""The search tries no configuration twice, also in several processes, and repeats the best with other seeds."""

import json
from pathlib import Path
from typing import Any

import pytest

from scripts.train import sweep
from scripts.train.loop import History
from tests.unit.scripts.tiny_training import corpus


@pytest.fixture(autouse=True)
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Journals and summaries go to a temporary folder. Trials are not trained; the learning rate gives the errors."""

    def pretend(self: sweep.Study, params: dict[str, Any], seed: int, trial: Any) -> tuple[History, Any]:
        errors = round(100 * params["lr_factor"]) + seed
        return History([0.5], [0.1], [0.2], [errors], [1.0]), self.optuna.trial.TrialState.COMPLETE

    monkeypatch.setattr(sweep, "JOURNALS", tmp_path)
    monkeypatch.setattr(sweep, "SUMMARIES", tmp_path)
    monkeypatch.setattr(sweep.Study, "_train", pretend)
    return tmp_path


def study() -> sweep.Study:
    return sweep.Study("mlp", "", corpus(10), "wasm")


def rows(folder: Path) -> list[dict[str, Any]]:
    return list(json.loads((folder / "mlp.json").read_text())["trials"])


def distinct(trials: list[dict[str, Any]]) -> int:
    return len({json.dumps(row["params"], sort_keys=True) for row in trials})


def test_two_processes_try_different_configurations(folders: Path) -> None:
    first, second = study(), study()
    first.explore(4)
    second.explore(4)
    trials = rows(folders)
    assert len(trials) == distinct(trials) == 8
    repeated = [t for t in second.study.get_trials() if t.state.name == "FAIL"]
    assert len(repeated) == 4  # the second process drew those of the first


def test_a_continued_study_tries_new_configurations(folders: Path) -> None:
    study().explore(4)
    later = study()
    later.explore(4)
    assert distinct(rows(folders)) == 8
    assert {t.state.name for t in later.study.get_trials()} == {"COMPLETE"}


def test_the_best_are_repeated_with_other_seeds(folders: Path) -> None:
    it = study()
    it.explore(5)
    it.repeat(2)
    searched, again = ([r for r in rows(folders) if (r["repeats"] is None) is first] for first in (True, False))
    best = sorted(searched, key=lambda row: row["validation_errors"][-1])[:2]
    assert [(r["repeats"], r["seed"]) for r in again] == [(b["number"], s) for b in best for s in (2, 3)]
    assert all(r["params"] == next(b["params"] for b in best if b["number"] == r["repeats"]) for r in again)


def test_a_trial_is_trained_and_evaluated(monkeypatch: pytest.MonkeyPatch, folders: Path) -> None:
    monkeypatch.undo()
    monkeypatch.setattr(sweep, "JOURNALS", folders)
    it = study()
    it.corpus = corpus()
    params = {"optimizer": "adamw", "lr_factor": 1.0, "batch": 32, "schedule": "cosine", "activation": "relu"}
    params |= {"dropout": 0.0, "augmentation": 0.0, "label_smoothing": 0.0, "ema": 0.0, "hidden": "64", "center": True}
    history, state = it._train(params, 1, None)
    assert state.name == "COMPLETE"
    assert len(history.validation_errors) == sweep.EPOCHS["mlp"] * sweep.EVALUATIONS["mlp"]
    assert history.validation_errors[-1] < history.validation_errors[0] <= 300


def test_missing_data_is_one_sentence(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    async def missing() -> None:
        raise sweep.DataError("There is no MNIST here.")

    monkeypatch.setattr(sweep, "open_corpus", missing)
    assert sweep.main(["mlp", "--trials", "1"]) == 1
    assert capsys.readouterr().err == "There is no MNIST here.\n"
