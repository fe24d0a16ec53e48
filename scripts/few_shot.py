"""Measures how well a network learns an alphabet from few drawings: `python -m scripts.few_shot`.

    python -m scripts.few_shot                     validation drawings: for choosing a recipe
    python -m scripts.few_shot --test --seeds 3    the figures of docs/FEW-EXAMPLES.md
    python -m scripts.few_shot --sets strokes --examples 10 --set epochs=4 label_smoothing=0.1

Runs are the page's own: drawings varied by `data.drawn`, trained by `session` on the WebAssembly engine. The pen digits
are a file beside the repository (`--strokes`); without it the other alphabets are measured. Nothing of it is kept.
"""

from __future__ import annotations

import argparse
import asyncio
import gzip
import json
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from scripts.measure_strokes import STROKES
from scripts.sitebuild.parts import ROOT
from scripts.train.__main__ import parse_changes
from scripts.train.measured_drawings import LETTERS
from scripts.train.recipe import RecipeError
from tabgrad.alphabet import Labels
from tabgrad.artifacts import Record
from tabgrad.backends import Device
from tabgrad.backends.engines import open_engine
from tabgrad.data.drawings import Drawing
from tabgrad.data.drawn import DrawnData
from tabgrad.data.lessons import LESSONS
from tabgrad.data.seeding import generator
from tabgrad.data.strokes import Variation, write
from tabgrad.ink import Stroke, strokes_from_lists
from tabgrad.metrics import wilson_95
from tabgrad.network import frozen_names, load_safetensors
from tabgrad.program import Program
from tabgrad.session.control import RunControl
from tabgrad.session.network import load_network, mean_image
from tabgrad.session.plan import ProgramRequest, evaluation_request, training_request
from tabgrad.session.programs import compile_program
from tabgrad.session.trainer import Trainer
from tabgrad.settings import FEW_EXAMPLES, RunSettings, SettingsError, total_steps, training_spec

CNN = ROOT / "models" / "cnn" / "weights.safetensors"
EXAMPLES = (5, 10, 20, 50)
#: Of each class: drawings to take examples from, for validation, and for the test.
PARTS = {"train": 75, "validation": 25, "test": 100}
#: What is compared: the settings that the page has for a drawn alphabet, the same from scratch, and its usual MLP.
LEARNERS: Mapping[str, RunSettings] = {
    "features": FEW_EXAMPLES,
    "scratch": replace(FEW_EXAMPLES, start_from="scratch"),
    "MLP": replace(FEW_EXAMPLES, model="mlp", start_from="scratch", lr=0.003),
}
#: The side of the pad that the pen digits were drawn on, and of the letters'.
_PAD = 500.0


@dataclass(frozen=True)
class Alphabet:
    """`drawings` by class, as many as `PARTS` asks for, the test's last."""

    name: str
    labels: Labels
    drawings: Sequence[Sequence[Drawing]]

    def data(self, examples: int, seed: int) -> DrawnData:
        """`examples` of each class to learn from, chosen by the seed; the other parts are always the same."""
        rng = generator(seed, examples)
        first, last = PARTS["train"], PARTS["train"] + PARTS["validation"]
        chosen = [rng.permutation(first)[:examples] for _ in self.drawings]
        splits = {
            "train": [d[k] for d, places in zip(self.drawings, chosen, strict=True) for k in places],
            "validation": [one for d in self.drawings for one in d[first:last]],
            "test": [one for d in self.drawings for one in d[last:]],
        }
        return DrawnData(splits, self.labels, "", self.name)


def pen_digits(path: Path) -> Alphabet:
    """Real digits, of which the file says no writer: in its order, the first ones of each class are learned from.

    ValueError if there are too few.
    """
    by_class: list[list[Drawing]] = [[] for _ in range(10)]
    with gzip.open(path, "rt") as lines:
        for line in lines:
            sample = json.loads(line)
            drawing = Drawing(int(sample["label"]), tuple(strokes_from_lists(sample["strokes"])), _PAD)
            by_class[drawing.label].append(drawing)
    needed = sum(PARTS.values())
    if any(len(drawings) < needed for drawings in by_class):
        raise ValueError(f"{path} has fewer than {needed} drawings of a digit.")
    return Alphabet("pen digits", tuple("0123456789"), [drawings[:needed] for drawings in by_class])


def letters() -> Alphabet:
    """Letters by the generator of digits, varied as much as those: one style each, which no network was trained on."""
    templates = [template for template in LETTERS if len(template.name) == 1]
    drawings = []
    for label, template in enumerate(templates):
        rng = generator(0, label)
        written = write(template, sum(PARTS.values()), Variation(), rng, proportions=(0.75, 0.2))
        drawings.append(
            [
                Drawing(label, tuple(Stroke((_PAD / 2 + 200 * s[k]).astype(np.float32), 1.0) for s in written), _PAD)
                for k in range(sum(PARTS.values()))
            ]
        )
    return Alphabet("generated letters", tuple(template.name for template in templates), drawings)


def lesson(name: str) -> Alphabet:
    """A lesson's alphabet, all styles of a sign in every part."""
    needed, drawn = sum(PARTS.values()), LESSONS[name].draw(sum(PARTS.values()), seed=1)
    by_class = [drawn[k : k + needed] for k in range(0, len(drawn), needed)]
    return Alphabet(f"lesson “{LESSONS[name].title}”", LESSONS[name].labels, by_class)


def other_style(name: str) -> Alphabet:
    """A lesson's alphabet whose last style of each sign is in the test alone."""
    last = PARTS["train"] + PARTS["validation"]
    drawings = []
    for label, styles in enumerate(LESSONS[name].styles.values()):
        drawn = LESSONS[name].draw(sum(PARTS.values()) * len(styles), seed=1)
        own = [d for d in drawn if d.label == label]
        known = [d for k, d in enumerate(own) if k % len(styles) < len(styles) - 1]
        unseen = own[len(styles) - 1 :: len(styles)]
        drawings.append(known[:last] + unseen[: PARTS["test"]])
    return Alphabet(f"lesson “{LESSONS[name].title}”, another style", LESSONS[name].labels, drawings)


def alphabets(strokes: Path) -> Mapping[str, Callable[[], Alphabet]]:
    """What can be measured, by name."""
    return {
        "strokes": partial(pen_digits, strokes),
        "letters": letters,
        **{name: partial(lesson, name) for name in LESSONS},
        "shapes-style": partial(other_style, "shapes"),
        "script-style": partial(other_style, "script"),
    }


class Bench:
    """Trains and measures on one engine; each program is compiled once."""

    def __init__(self, device: Device) -> None:
        self._device = device
        self._programs: dict[str, Program] = {}
        self._features, _ = load_safetensors(CNN.read_bytes())

    async def accuracy(self, settings: RunSettings, data: DrawnData, split: str) -> tuple[float, float]:
        """(accuracy on a split after the run, seconds of training)."""
        target, variant = self._device.target, self._device.variants[0]
        requests = (make(settings, target, variant) for make in (training_request, evaluation_request))
        network = await load_network(self._device, *map(self._program, requests))
        try:
            source = data.source(settings.seed)
            await network.initialise(settings.seed, await mean_image(source))
            kept = frozen_names(training_spec(settings))
            network.write({name: tensor for name, tensor in self._features.items() if name in kept})
            source = data.source(settings.seed)
            record = Record(settings, total_steps(settings, data.count), data.count)

            async def validation() -> Any:
                return await data.split("validation")

            trainer = Trainer(
                network, source, record, validation=validation, emit=lambda _event: None, control=RunControl(False)
            )
            begun = time.perf_counter()
            await trainer.run()
            seconds = time.perf_counter() - begun
            return (await trainer.measure(await data.split(split))).accuracy, seconds
        finally:
            network.destroy()

    def _program(self, request: ProgramRequest) -> Program:
        if request.stem not in self._programs:
            self._programs[request.stem] = compile_program(request)
        return self._programs[request.stem]


@dataclass(frozen=True)
class Row:
    """Accuracies of the seeds on `count` drawings, and the mean seconds of a run."""

    examples: int
    learner: str
    accuracies: Sequence[float]
    count: int
    seconds: float

    def text(self) -> str:
        """ "93.1 % (91.8 to 94.0; 91.4 to 94.5)": mean, range over the seeds, 95 % interval of the mean."""
        mean = float(np.mean(self.accuracies))
        low, high = wilson_95(round(mean * self.count), self.count)
        span = f"{100 * min(self.accuracies):.1f} to {100 * max(self.accuracies):.1f}"
        return f"{100 * mean:.1f} % ({span}; {100 * low:.1f} to {100 * high:.1f})"


async def measure(
    alphabet: Alphabet, examples: Sequence[int], seeds: int, split: str, changes: Mapping[str, Any]
) -> list[Row]:
    """A row for each number of examples and each learner."""
    device = await open_engine("wasm")
    bench, rows = Bench(device), list[Row]()
    for count, (learner, settings) in ((n, pair) for n in examples for pair in LEARNERS.items()):
        found = list[tuple[float, float]]()
        for seed in range(1, seeds + 1):
            labels = list(alphabet.labels)
            chosen = RunSettings.make({**changes, "seed": seed, "labels": labels}, settings)
            data = alphabet.data(count, seed)
            found.append(await bench.accuracy(chosen, data, split))
            size = data.size(split)
        rows.append(Row(count, learner, [a for a, _ in found], size, float(np.mean([s for _, s in found]))))
        print(f"{alphabet.name}, {count}, {learner}: {rows[-1].text()}, {rows[-1].seconds:.1f} s", file=sys.stderr)
    device.destroy()
    return rows


def table(alphabet: Alphabet, rows: Sequence[Row]) -> Iterator[str]:
    """The lines of a Markdown table."""
    yield f"| {alphabet.name}, {len(alphabet.labels)} classes | {' | '.join(LEARNERS)} |"
    yield "|---|" + "---|" * len(LEARNERS)
    for examples in dict.fromkeys(row.examples for row in rows):
        cells = {row.learner: row.text() for row in rows if row.examples == examples}
        yield f"| {examples} a class | {' | '.join(cells[name] for name in LEARNERS)} |"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m scripts.few_shot", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--strokes", type=Path, default=STROKES, help="a .jsonl.gz of labelled strokes")
    parser.add_argument("--sets", nargs="+", choices=list(alphabets(STROKES)), default=["strokes", "letters"])
    parser.add_argument("--examples", type=int, nargs="+", default=EXAMPLES, help="of each class")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--set", dest="changes", nargs="+", default=[], metavar="NAME=VALUE", help="change the recipe")
    parser.add_argument("--test", action="store_true", help="measure on the test drawings, once the recipe is chosen")
    options = parser.parse_args(arguments)
    try:
        changes = parse_changes(options.changes)
        for name in options.sets:
            alphabet = alphabets(options.strokes)[name]()
            split = "test" if options.test else "validation"
            rows = asyncio.run(measure(alphabet, options.examples, options.seeds, split, changes))
            print("\n".join([*table(alphabet, rows), ""]), flush=True)
    except (FileNotFoundError, RecipeError, SettingsError, ValueError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
