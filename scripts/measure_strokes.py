"""Measures the accuracy of each model on real pen digits: `python -m scripts.measure_strokes`.

The strokes are normalised as in the page and classified by the NumPy oracle, which the engines equal within 1e-4. The
file is gzipped, with {"label", "strokes": [[[x, y], …], …]} on each line. It is for measuring, never for training.
"""

import argparse
import gzip
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scripts.sitebuild.parts import ROOT
from tabgrad.backends.oracle.network import OracleNetwork
from tabgrad.ink import normalise, strokes_from_lists
from tabgrad.network import load_safetensors

STROKES = ROOT.parent / "shared" / "strokes-dev.jsonl.gz"


def read_strokes(path: Path) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Read a file of strokes; returns normalised images (n, 784) in 0..1 and labels (n,)."""
    with gzip.open(path, "rt") as lines:
        samples = [json.loads(line) for line in lines]
    images = [normalise(strokes_from_lists(sample["strokes"])).reshape(-1) for sample in samples]
    return np.stack(images), np.array([sample["label"] for sample in samples])


def measure(folder: Path, images: NDArray[np.float32], labels: NDArray[np.int64]) -> dict[str, Any]:
    """Accuracy of the model in `folder` on images (n, 784), overall and per digit, and its most frequent confusions."""
    card = json.loads((folder / "card.json").read_text())
    weights, _ = load_safetensors((folder / "weights.safetensors").read_bytes())
    guesses = OracleNetwork(card["spec"], weights, np.float32).forward(images).argmax(1)
    confusion = np.zeros((10, 10), int)
    np.add.at(confusion, (labels, guesses), 1)
    wrong = confusion - np.diag(np.diag(confusion))
    most = np.dstack(np.unravel_index(np.argsort(-wrong, axis=None)[:5], wrong.shape))[0]
    return {
        "model": folder.name,
        "accuracy": float((guesses == labels).mean()),
        "per_digit": {str(d): float(confusion[d, d] / max(confusion[d].sum(), 1)) for d in range(10)},
        "confusions": [f"{a} as {b}: {wrong[a, b]}" for a, b in most if wrong[a, b]],
    }


def table(results: Sequence[Mapping[str, Any]]) -> str:
    """The figures as text, one line for each model."""
    lines = ["model     all   " + "".join(f"{digit:>7}" for digit in range(10))]
    for result in results:
        digits = "".join(f"{value:7.1%}" for value in result["per_digit"].values())
        lines.append(f"{result['model']:6}{result['accuracy']:7.2%}   {digits}   {', '.join(result['confusions'])}")
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit status."""
    parser = argparse.ArgumentParser(description="Measure the models on pen digits given as strokes.")
    parser.add_argument("--strokes", type=Path, default=STROKES, help="a .jsonl.gz of labelled strokes")
    parser.add_argument("--models", type=Path, default=ROOT / "models", help="the folder of models")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    options = parser.parse_args(arguments)
    if not options.strokes.is_file():
        print(f"{options.strokes} does not exist: name a file of strokes with --strokes.", file=sys.stderr)
        return 1
    images, labels = read_strokes(options.strokes)
    folders = sorted(card.parent for card in options.models.glob("*/card.json"))
    results = [measure(folder, images, labels) for folder in folders]
    print(json.dumps(results, indent=1) if options.json else table(results))
    return 0


if __name__ == "__main__":
    sys.exit(main())
