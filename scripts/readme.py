"""Writes the README's tables from the models' cards and from docs/bench.json: `python -m scripts.readme`.

To measure again, run `python -m scripts.bench --out docs/bench.json`.
"""

import json
import sys
from collections.abc import Mapping
from typing import Any

from scripts.sitebuild.parts import ROOT

README = ROOT / "README.md"
BENCH = ROOT / "docs" / "bench.json"
MODELS_HEAD = """\
| model | architecture | parameters | errors in 10,000 test images | accuracy, 95 % interval | mean of three seeds |
|---|---|---|---|---|---|
"""
#: What is measured, our figure, and the figure to compare it with.
Row = tuple[str, str, str]
FIGURES_HEAD = """\
| what | tabgrad | for comparison, in the same run |
|---|---|---|
"""


def models() -> str:
    """The table of models, with one row for each card that has test errors."""
    cards = [json.loads(path.read_text()) for path in ROOT.glob("models/*/card.json")]
    rows = sorted((card for card in cards if "test_errors" in card), key=lambda card: -int(card["test_errors"]))
    return MODELS_HEAD + "".join(_model(card) for card in rows)


def _model(card: dict[str, Any]) -> str:
    low, high = card["test_accuracy_95"]
    cells = (
        card["title"],
        card["architecture"],
        f"{card['parameters']:,}",
        str(card["test_errors"]),
        f"{100 * card['test_accuracy']:.2f} % ({100 * low:.2f} to {100 * high:.2f})",
        f"{100 * card['test_accuracy_mean']:.2f} %",
    )
    return f"| {' | '.join(cells)} |\n"


def figures(bench: Mapping[str, Any]) -> str:
    """The table of benchmarks, from docs/bench.json."""
    frames = bench["training"]["auto"]
    last = (
        "a frame of the page during training, 99th percentile",
        f"{frames['training_frame_ms']['p99']:.1f} ms",
        f"{frames['idle_frame_ms']['p99']:.1f} ms: at rest",
    )
    rows = [*_waits(bench["boot"], bench["goals"]), *_engines(bench["peers"]), last]
    return FIGURES_HEAD + "".join(f"| {' | '.join(row)} |\n" for row in rows)


def _waits(boot: Mapping[str, Any], goals: Mapping[str, Any]) -> list[Row]:
    """The rows on what users wait for."""

    def seconds(row: Mapping[str, Any], scale: float = 1.0) -> str:
        return f"{row['median'] * scale:.1f} s"

    return [
        (
            "first prediction, first visit",
            seconds(boot["cold_first_prediction_ms"], 1e-3),
            f"{seconds(boot['cold_bare_pyodide_numpy_ms'], 1e-3)}: a page with Pyodide and NumPy alone",
        ),
        (
            "from Train to 97.5 % on the test set",
            f"{seconds(goals['ours_warm_s'])}; {seconds(goals['ours_cold_s'])} for the first run",
            f"{seconds(goals['tfjs_wasm_seconds'])}: TensorFlow.js (wasm, Adam)",
        ),
        (
            f"the CNN preset from scratch, to {goals['cnn_preset_test_percent']['median']:.1f} %",
            seconds(goals["cnn_preset_s"]),
            "",
        ),
    ]


def _engines(peers: Mapping[str, Any]) -> list[Row]:
    """The rows on the engines and their peers."""

    def rate(name: str) -> str:
        return f"{peers['training_samples_per_s'][name]['median']:,.0f} images/s"

    def latency(name: str) -> str:
        return f"{peers['prediction_ms'][name]['median']:.2g} ms"

    training, prediction, software = "training 784-128-10", "one prediction of the CNN", "WebGPU in software"
    return [
        (f"{training}, WebAssembly", rate("wasm"), f"{rate('tfjs wasm')}: TensorFlow.js"),
        (f"{training}, {software}", rate("webgpu"), f"{rate('tfjs webgpu')}: TensorFlow.js"),
        (f"{prediction}, WebAssembly", latency("cnn wasm"), f"{latency('cnn onnx wasm')}: ONNX Runtime Web"),
        (f"{prediction}, {software}", latency("cnn webgpu"), f"{latency('cnn onnx webgpu')}: ONNX Runtime Web"),
    ]


def filled(readme: str) -> str:
    """The text `readme` with its tables replaced by current ones."""
    tables = {"models": models(), "figures": figures(json.loads(BENCH.read_text()))}
    for name, table in tables.items():
        start, end = f"<!-- {name} -->\n", f"<!-- /{name} -->"
        before, rest = readme.split(start)
        readme = f"{before}{start}{table}{end}{rest.split(end)[1]}"
    return readme


def main() -> int:
    """Rewrite the tables; returns the exit status."""
    README.write_text(filled(README.read_text()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
