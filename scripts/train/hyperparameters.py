"""Writes HYPERPARAMETERS.md and its plots: `python -m scripts.train.hyperparameters [--check]`.

The sources are docs/sweeps/*.json (written by scripts.train.sweep and scripts.train), the models' cards, and the text
in docs/sweeps/analysis.md, which is written by hand (see scripts.train.analysis). Trains nothing.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from scripts.sitebuild.parts import ROOT
from scripts.train.analysis import MODELS, VALIDATION, Row, card_of, filled
from scripts.train.charts import Axis, Series, chart
from scripts.train.long_runs import recorded
from scripts.train.space import LR_RANGE

SWEEPS = ROOT / "docs" / "sweeps"
PAGE = ROOT / "HYPERPARAMETERS.md"
NOT_SURE = (
    'The share of images that are refused (answered with "not sure"), in per cent. The last three columns are '
    "out-of-distribution drawings, of kinds that no network was trained on."
)


def final_errors(row: Row) -> int:
    """Validation errors at the last evaluation of a trial."""
    return int(row["validation_errors"][-1])


def first_errors(row: Row) -> int:
    """Validation errors at the first evaluation, which every trial reached, so that all can be compared."""
    return int(row["validation_errors"][0])


def table(head: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """A Markdown table."""
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return "\n".join([*lines, *("| " + " | ".join(map(str, row)) + " |" for row in rows)])


def explored(study: Mapping[str, Any]) -> list[Row]:
    """The trials of the search, without their repetitions."""
    return [row for row in study["trials"] if row["repeats"] is None]


def trials_table(study: Mapping[str, Any]) -> str:
    """All runs, the best first and the stopped ones last."""
    rows = sorted(study["trials"], key=lambda r: (r["state"] != "complete", final_errors(r)))
    names = list(rows[0]["params"])
    head = [
        "run",
        "seed",
        "errors at each evaluation",
        "loss",
        "spread",
        "s",
        *(name.replace("_", " ") for name in names),
    ]

    def cells(row: Row) -> list[Any]:
        name = f"{row['number']}" if row["repeats"] is None else f"{row['number']} (as {row['repeats']})"
        errors = ", ".join(map(str, row["validation_errors"])) + ("" if row["state"] == "complete" else " stopped")
        values = [f"{v:.2f}" if k == "lr_factor" else v for k, v in row["params"].items()]
        figures = [f"{row['loss'][-1]:.3f}", f"{row['loss_spread'][-1]:.2f}", f"{row['seconds'][-1]:.0f}"]
        return [name, row["seed"], errors, *figures, *values]

    return table(head, (cells(row) for row in rows))


def hyperparameter_table(study: Mapping[str, Any]) -> str:
    """Finished trials and their errors for each value of each categorical hyperparameter."""
    rows = explored(study)
    out = []
    for name in (k for k in rows[0]["params"] if k != "lr_factor"):
        values = sorted({r["params"][name] for r in rows}, key=str)
        medians = {}
        for value in values:
            group = [r for r in rows if r["params"][name] == value]
            done = [final_errors(r) for r in group if r["state"] == "complete"]
            medians[value] = statistics.median(map(first_errors, group))
            share = f"{len(done)} of {len(group)}"
            out.append([name.replace("_", " "), value, share, f"{medians[value]:.0f}", min(done, default="-")])
    head = ["hyperparameter", "value", "finished", "median errors, first evaluation", "best final errors"]
    return table(head, out)


def repeats_table(study: Mapping[str, Any]) -> str:
    """Mean and standard deviation of the configurations that were trained with several seeds."""
    repeated = sorted({r["repeats"] for r in study["trials"] if r["repeats"] is not None})
    out = []
    for number in repeated:
        rows = [r for r in study["trials"] if number in (r["number"], r["repeats"])]
        errors = [final_errors(r) for r in rows]
        spread = statistics.stdev(errors)
        out.append([number, ", ".join(map(str, errors)), f"{statistics.mean(errors):.1f}", f"{spread:.1f}"])
    return table(["run", "final errors by seed", "mean", "standard deviation"], sorted(out, key=lambda r: float(r[2])))


def repeats(study: Mapping[str, Any]) -> list[str]:
    """The section on repetitions, empty if there are none."""
    if not any(row["repeats"] is not None for row in study["trials"]):
        return []
    return ["### The best configurations with other seeds", repeats_table(study)]


def plots(study: Mapping[str, Any]) -> dict[str, str]:
    """{file name: SVG} of the learning curves, and of errors against learning rate."""
    kind, rows = study["kind"], explored(study)
    low = 0.8 * min(map(final_errors, rows))
    errors = Axis(f"validation errors of {VALIDATION}", low, 1.1 * max(map(first_errors, rows)), log=True)
    best = sorted((r for r in rows if r["state"] == "complete"), key=final_errors)[:3]
    time_axis = Axis("epochs", 0, study["epochs"])

    def curve(row: Row) -> list[tuple[float, float]]:
        return [((i + 1) / study["judgements"], e) for i, e in enumerate(row["validation_errors"])]

    curves = [Series("stopped or behind", curve(r), 5, True, True) for r in rows if r not in best]
    curves += [Series(f"run {r['number']}", curve(r), i, True) for i, r in enumerate(best)]
    optimizers = sorted({r["params"]["optimizer"] for r in rows})
    dots = [
        Series(name, [(r["params"]["lr_factor"], first_errors(r)) for r in rows if r["params"]["optimizer"] == name], i)
        for i, name in enumerate(optimizers)
    ]
    rate = Axis("learning rate, as a factor on the optimizer's usual rate", *LR_RANGE, log=True)
    return {
        f"{kind}-curves.svg": chart(f"{kind.upper()}: convergence of all runs", time_axis, errors, curves),
        f"{kind}-lr.svg": chart(f"{kind.upper()}: learning rate, at the first evaluation", rate, errors, dots),
    }


def final_table(name: str) -> str:
    """The section on a shipped model: its seeds, from its card."""
    card = card_of(name)
    rows = []
    for seed in card["seeds"]:
        low, high = (f"{100 * bound:.2f}" for bound in seed["test_accuracy_95"])
        mark = " (shipped)" if seed["seed"] == card["seed"] else ""
        pens = f"{100 * seed['pen_digits_accuracy']:.2f} %" if seed["pen_digits_accuracy"] else "-"
        accuracy = f"{100 * seed['test_accuracy']:.2f} % ({low} to {high})"
        calibration = f"{seed['ece_before']:.4f} / {seed['ece']:.4f}"
        errors = [seed["validation_errors"], seed["test_errors"]]
        temperature, seconds = f"{seed['temperature']:.2f}", f"{seed['train_seconds']:.0f}"
        rows.append([f"{seed['seed']}{mark}", *errors, accuracy, pens, temperature, calibration, seconds])
    head = ["seed", "validation errors of 5,000", "test errors of 10,000", "test accuracy (95 % interval)",
            "real pen digits", "temperature", "calibration error before / after", "s"]  # fmt: skip
    epochs = card["recipe"]["settings"]["epochs"]
    intro = (
        f"{card['architecture']}: {card['parameters']:,} parameters, {card['multiply_adds']:,} multiply-adds an image, "
        f"{epochs:g} epochs on {card['engine']}. Mean test accuracy of the seeds: "
        f"**{100 * card['test_accuracy_mean']:.2f} %**. Train it again with `python -m scripts.train {name}`.\n\n"
    )
    return "\n\n".join([intro + table(head, rows), NOT_SURE, refusals_table(card)])


def long_runs() -> list[str]:
    """The section on the longer runs that were tried before the final recipes, empty if there are none."""
    rows = []
    for entry in recorded():
        for row in entry["seeds"]:
            refused = ", ".join(f"{100 * share:.0f}" for share in row["garbage_refused_by_kind"].values())
            errors = f"{row['validation_errors']} / {row['last_errors']}"
            figures = [errors, f"{row['validation_loss']:.4f}", f"{100 * row['drawn_digits_accuracy']:.2f} %", refused]
            rows.append([f"`{entry['command']}`", f"{entry['epochs']:g}", row["seed"], *figures])
    head = ["run (`python -m` ... `--keep`)", "epochs", "seed", "validation errors, best / last", "validation loss",
            "generated digits", "refused: scribbles, letters, pairs, %"]  # fmt: skip
    return ["## Longer runs, on validation", table(head, rows)] if rows else []


def refusals_table(card: Row) -> str:
    """How often each seed's network is "not sure", in per cent, of digits and of three OOD kinds."""
    kinds = list(card["garbage_refused_by_kind"])

    def cells(seed: Row) -> list[str]:
        digits = [seed[name] for name in ("refused", "drawn_digits_refused", "pen_digits_refused")]
        ood = [seed["garbage_refused_by_kind"][kind] for kind in kinds]
        return [f"{100 * share:.1f}" if share is not None else "-" for share in (*digits, *ood)]

    head = ["seed", "not sure below", "right validation images", "generated digits", "real pen digits", *kinds]
    return table(head, ([s["seed"], f"{s['not_sure_below']:.3f}", *cells(s)] for s in card["seeds"]))


def page() -> dict[Path, str]:
    """All files, as {path: text}."""
    analysis = filled((SWEEPS / "analysis.md").read_text()).split("<!-- after -->")
    parts, files = [analysis[0].strip()], {}
    for kind in MODELS:
        study = json.loads((SWEEPS / f"{kind}.json").read_text())
        for file, svg in plots(study).items():
            files[SWEEPS / file] = svg
        stopped = sum(row["state"] != "complete" for row in explored(study))
        parts += [
            f"## The search for the {kind.upper()}",
            f"{len(explored(study))} configurations, of which {stopped} were stopped early. Epochs in a full run: "
            f"{study['epochs']}. Evaluations per epoch: {study['judgements']}, each on {VALIDATION:,} validation "
            "images. `loss` is the mean training loss in nats, `spread` is its standard deviation over the steps "
            "divided by the mean, and `s` is seconds on a busy machine with two cores.",
            f"![Convergence](docs/sweeps/{kind}-curves.svg)",
            f"![Learning rate](docs/sweeps/{kind}-lr.svg)",
            "### Each hyperparameter",
            hyperparameter_table(study),
            *repeats(study),
            f"<details><summary>All {len(study['trials'])} runs</summary>\n\n{trials_table(study)}\n\n</details>",
        ]
    parts += long_runs()
    parts += ["## The shipped models", *(f"### {name.upper()}\n\n{final_table(name)}" for name in MODELS)]
    files[PAGE] = "\n\n".join([*parts, analysis[1].strip()]) + "\n"
    return files


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m scripts.train.hyperparameters", description=(__doc__ or "").splitlines()[0]
    )
    parser.add_argument("--check", action="store_true", help="compare with the files instead of writing them")
    check = parser.parse_args(arguments).check
    stale = []
    for path, text in page().items():
        if not check:
            path.write_text(text)
        elif not path.exists() or path.read_text() != text:
            stale.append(str(path.relative_to(ROOT)))
    if stale:
        print("Outdated; run `python -m scripts.train.hyperparameters`:", *stale, sep="\n  ", file=sys.stderr)
    return bool(stale)


if __name__ == "__main__":
    sys.exit(main())
