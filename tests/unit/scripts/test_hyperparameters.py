"""HYPERPARAMETERS.md has all runs and is up to date, and its charts are valid SVG."""

import json
import xml.etree.ElementTree as ET

import pytest

from scripts.train import analysis, hyperparameters
from scripts.train.charts import Axis, Series, chart

SVG = "{http://www.w3.org/2000/svg}"


def study() -> dict:
    """Three configurations: one was stopped, and one was trained again with another seed."""

    def trial(number: int, errors: list[int], optimizer: str, **more: object) -> dict:
        base = {"number": number, "state": "complete", "repeats": None, "seed": 1}
        history = {"loss": [1.0 / (1 + number)], "loss_spread": [0.25], "seconds": [2.0], "validation_errors": errors}
        params = {"optimizer": optimizer, "lr_factor": 0.5 + number, "batch": 64}
        return {**base, **history, "validation_loss": [0.1], "params": params, **more}

    return {
        "kind": "mlp",
        "epochs": 3,
        "judgements": 1,
        "trials": [
            trial(0, [300, 200, 120], "adamw"),
            trial(1, [900], "sgd", state="pruned"),
            trial(2, [280, 190, 100], "sgd"),
            trial(3, [290, 180, 110], "sgd", seed=2, repeats=2),
        ],
    }


def test_tables_show_the_study() -> None:
    rows = hyperparameters.trials_table(study()).splitlines()
    assert [row.split(" | ")[0].strip("| ") for row in rows[2:]] == ["2", "3 (as 2)", "0", "1"]
    assert "900 stopped" in rows[-1]
    assert "| optimizer | sgd | 1 of 2 | 590 | 100 |" in hyperparameters.hyperparameter_table(study())
    assert "| 2 | 100, 110 | 105.0 | 7.1 |" in hyperparameters.repeats_table(study())


def test_refusals_are_shown_by_kind_in_per_cent() -> None:
    row = {"seed": 1, "not_sure_below": 0.906, "refused": 0.0201, "drawn_digits_refused": 0.0375}
    row |= {"pen_digits_refused": None, "garbage_refused_by_kind": {"scribbles": 0.844, "pairs": 1.0}}
    lines = hyperparameters.refusals_table({**row, "seeds": [row]}).splitlines()
    assert lines[0].endswith("| real pen digits | scribbles | pairs |")
    assert lines[2] == "| 1 | 0.906 | 2.0 | 3.8 | - | 84.4 | 100.0 |"


def test_plots_show_every_run() -> None:
    files = hyperparameters.plots(study())
    assert set(files) == {"mlp-curves.svg", "mlp-lr.svg"}
    curves, rates = (ET.fromstring(files[name]) for name in ("mlp-curves.svg", "mlp-lr.svg"))
    assert len(curves.findall(f"{SVG}circle")) == 3 + 3 + 1 + 3  # points of the runs, and the legend
    assert len(rates.findall(f"{SVG}circle")) == 3 + 2


def test_a_chart_escapes_labels_and_clips_values() -> None:
    text = chart("a < b & c", Axis("x", 0, 1), Axis("y", 1, 1000, log=True), [Series("<s>", [(0.5, 0.1), (2, 1e6)])])
    root = ET.fromstring(text)
    places = [(float(c.get("cx", "")), float(c.get("cy", ""))) for c in root.findall(f"{SVG}circle")]
    assert all(0 <= x <= 640 and 0 <= y <= 320 for x, y in places)


@pytest.mark.parametrize(
    ("axis", "expected"),
    [
        (Axis("", 0, 1), ["0", "0.2", "0.4", "0.6", "0.8", "1"]),
        (Axis("", 30, 700, log=True), ["50", "100", "200", "500"]),
    ],
)
def test_ticks(axis: Axis, expected: list[str]) -> None:
    assert [name for _, name in axis.ticks()] == expected


def test_the_text_has_figures_from_the_cards() -> None:
    card = json.loads((hyperparameters.ROOT / "models" / "mlp" / "card.json").read_text())
    first, second, third = (seed["validation_errors"] for seed in card["seeds"])
    assert analysis.filled("{{mlp validation errors}} errors") == f"{first}, {second} and {third} errors"
    with pytest.raises(KeyError, match="mlp luck"):
        analysis.filled("{{mlp luck}}")


def test_the_page_is_up_to_date() -> None:
    for path, text in hyperparameters.page().items():
        assert path.read_text() == text, f"{path.name}: run `python -m scripts.train.hyperparameters`"


@pytest.mark.parametrize("kind", hyperparameters.MODELS)
def test_the_page_has_every_run_of_a_study(kind: str) -> None:
    body = json.loads((hyperparameters.SWEEPS / f"{kind}.json").read_text())
    page = hyperparameters.PAGE.read_text()
    assert hyperparameters.trials_table(body) in page
    assert all(row["validation_errors"] for row in body["trials"])
