"""From strokes to digits in CPython, with the digits that the browser tests draw."""

import gzip
import json
from pathlib import Path

import pytest

from scripts.measure_strokes import main
from tests.e2e.drawing import DIGITS


@pytest.fixture
def strokes(tmp_path: Path) -> Path:
    path = tmp_path / "strokes.jsonl.gz"
    samples = [{"label": digit, "strokes": polylines} for digit, polylines in DIGITS.items()]
    samples.append({"label": 0, "strokes": DIGITS[8]})  # a wrong label, which counts as an error
    path.write_bytes(gzip.compress("\n".join(map(json.dumps, samples)).encode()))
    return path


def test_both_models_read_every_digit(strokes: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--strokes", str(strokes), "--json"]) == 0
    results = json.loads(capsys.readouterr().out)
    assert [result["model"] for result in results] == ["cnn", "mlp"]
    for result in results:
        assert result["per_digit"] == {"0": 0.5} | {str(digit): 1.0 for digit in range(1, 10)}
        assert result["confusions"] == ["0 as 8: 1"]


def test_the_table_has_a_line_for_each_model(strokes: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["--strokes", str(strokes)])
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == ["model", "cnn", "mlp"]
    assert "90.91%" in lines[1]


def test_a_missing_file_is_explained(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--strokes", str(tmp_path / "none.gz")]) == 1
    assert "name a file of strokes with --strokes" in capsys.readouterr().err
