"""The few-shot measurement: which drawings it learns from and which it measures on, and what it says of them."""

from __future__ import annotations

import asyncio
import gzip
import json
from pathlib import Path

import numpy as np
import pytest

from scripts import few_shot
from scripts.few_shot import PARTS, Alphabet, Row, letters, main, other_style, pen_digits, table
from tabgrad.data.drawings import Drawing
from tabgrad.data.lessons import LESSONS
from tabgrad.ink import Stroke


def made_up(classes: int = 3) -> Alphabet:
    """Each class is a line in a direction of its own, and its drawings are bent more and more."""

    def line(label: int, k: int) -> Drawing:
        angle = label * np.pi / classes
        along, across = np.array([np.cos(angle), np.sin(angle)]), np.array([-np.sin(angle), np.cos(angle)])
        points = [np.zeros(2), 60 * along + 0.2 * k * across, 120 * along]
        return Drawing(label, (Stroke((250 + np.array(points)).astype(np.float32), 1.0),), 500.0)

    return Alphabet(
        "lines",
        tuple("abcdefgh"[:classes]),
        [[line(label, k) for k in range(sum(PARTS.values()))] for label in range(classes)],
    )


def written(path: Path, of_each: int) -> Path:
    """A file of made-up strokes for ten digits."""
    with gzip.open(path, "wt") as lines:
        for label in range(10):
            for k in range(of_each):
                lines.write(json.dumps({"label": label, "strokes": [[[10, 10], [20 + label, 30 + k]]]}) + "\n")
    return path


def test_examples_are_taken_by_the_seed_and_the_other_parts_stay() -> None:
    alphabet = made_up()
    first, other = alphabet.data(10, 1), alphabet.data(10, 2)
    assert first.size("train") == 3 * 10
    assert first.size("validation") == 3 * PARTS["validation"]
    assert first.size("test") == 3 * PARTS["test"]
    for split, same in (("train", False), ("validation", True), ("test", True)):
        one, two = (asyncio.run(data.split(split)).images for data in (first, other))
        assert np.array_equal(one, two) is same
    again = asyncio.run(alphabet.data(10, 1).split("train"))
    np.testing.assert_array_equal(again.images, asyncio.run(first.split("train")).images)
    assert np.bincount(again.labels).tolist() == [10, 10, 10]


def test_no_drawing_is_in_two_parts() -> None:
    parts = [made_up().data(50, 1)._drawings[name] for name in PARTS]
    bends = [(d.label, d.strokes[0].points.tobytes()) for part in parts for d in part]
    assert len(set(bends)) == len(bends) == 3 * (50 + PARTS["validation"] + PARTS["test"])


def test_a_file_of_strokes_is_read_in_its_order(tmp_path: Path) -> None:
    alphabet = pen_digits(written(tmp_path / "strokes.jsonl.gz", sum(PARTS.values()) + 3))
    assert alphabet.labels == tuple("0123456789")
    assert [len(drawings) for drawings in alphabet.drawings] == [sum(PARTS.values())] * 10
    np.testing.assert_array_equal(alphabet.drawings[7][4].strokes[0].points, [(10, 10), (27, 34)])


def test_a_file_with_too_few_drawings_is_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    small = written(tmp_path / "strokes.jsonl.gz", 4)
    assert main(["--sets", "strokes", "--strokes", str(small)]) == 1
    assert "fewer than" in capsys.readouterr().err
    assert main(["--sets", "strokes", "--strokes", str(tmp_path / "none.gz")]) == 1
    assert "none.gz" in capsys.readouterr().err


def test_letters_and_unseen_styles_have_enough_drawings() -> None:
    assert "A" in letters().labels
    assert not set(letters().labels) & set("0123456789")
    for alphabet in (letters(), other_style("script")):
        assert {len(drawings) for drawings in alphabet.drawings} == {sum(PARTS.values())}
    styles = LESSONS["script"].styles["ta"]
    unseen = other_style("script").drawings[list(LESSONS["script"].styles).index("ta")]
    strokes = {len(d.strokes) for d in unseen[-PARTS["test"] :]}
    assert strokes == {styles[-1].count("/") + 1}


def test_the_table_has_a_line_for_each_number_of_examples() -> None:
    rows = [Row(5, name, [0.9, 0.8, 0.85], 1000, 2.0) for name in few_shot.LEARNERS]
    title, _, line = table(made_up(), rows)
    assert title == "| lines, 3 classes | features | scratch | MLP |"
    assert line.startswith("| 5 a class | 85.0 % (80.0 to 90.0; 82.7 to 87.1) |")


def test_a_network_learns_made_up_lines_from_features_and_from_scratch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(few_shot, "LEARNERS", {name: few_shot.LEARNERS[name] for name in ("features", "scratch")})
    rows = asyncio.run(few_shot.measure(made_up(), [5], 1, "validation", {"epochs": 0.5}))
    assert [row.learner for row in rows] == ["features", "scratch"]
    assert all(row.accuracies[0] > 0.6 for row in rows)
