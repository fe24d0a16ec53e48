"""The log of long runs: one entry for each command, one row for each seed, and its table."""

from pathlib import Path
from typing import Any

import pytest

from scripts.train import hyperparameters, long_runs


@pytest.fixture(autouse=True)
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(long_runs, "FILE", tmp_path / "long-runs.json")
    return tmp_path / "long-runs.json"


def row(seed: int, errors: list[int]) -> dict[str, Any]:
    return {
        "seed": seed,
        "validation_errors": min(errors),
        "validation_loss": 0.0312,
        "drawn_digits_accuracy": 0.987,
        "garbage_refused_by_kind": {"scribbles": 0.91, "letters": 0.8, "pairs": 0.705},
        "train_seconds": 12.5,
        "history": {"validation_errors": errors},
        "test_errors": 1,
    }


def test_recording_a_run_again_replaces_its_row(file: Path) -> None:
    long_runs.record("cnn", [], 16, [row(2, [40, 35])])
    long_runs.record("cnn", ["lr=0.1"], 16, [row(1, [90, 80])])
    long_runs.record("cnn", [], 16, [row(1, [50, 33, 36]), row(2, [38, 31])])
    plain, changed = long_runs.recorded()
    assert [(r["seed"], r["validation_errors"], r["last_errors"]) for r in plain["seeds"]] == [(1, 33, 36), (2, 31, 31)]
    assert changed["command"] == "scripts.train cnn --set lr=0.1"
    assert "test" not in file.read_text()


def test_a_recorded_command_is_quoted_for_the_shell() -> None:
    assert long_runs.command("mlp", ['spec={"kind": "mlp"}']) == """scripts.train mlp --set 'spec={"kind": "mlp"}'"""


def test_the_table_shows_every_seed() -> None:
    assert hyperparameters.long_runs() == []
    long_runs.record("cnn", ["epochs=4"], 4, [row(1, [50, 33, 36]), row(3, [44])])
    lines = hyperparameters.long_runs()[1].splitlines()
    assert len(lines) == 4
    assert lines[2] == "| `scripts.train cnn --set epochs=4` | 4 | 1 | 33 / 36 | 0.0312 | 98.70 % | 91, 80, 70 |"
