"""The plain data of the training panel: points of curves, rows of runs, checkpoints, and how numbers are written.

Knows neither the document nor the worker.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tabgrad.artifacts import Curves
from tabgrad.protocol import Finished, Metrics
from tabgrad.settings import RunSettings

#: Checkpoints kept at most, and what they may take together: 60 of the default network.
MOST, MOST_BYTES = 60, 25_000_000
#: An interval that is as wide as this belongs to its number: MNIST's 10,000 test images give a tenth of it.
WIDE = 0.04


def percent(share: float) -> str:
    """A share in 0..1 as "97.53 %"."""
    return f"{share * 100:.2f} %"


def with_interval(accuracy: float, interval: Sequence[float]) -> str:
    """A share with its 95 % interval where that is wide: among few images, 100 % says little."""
    low, high = interval
    if high - low < WIDE:
        return percent(accuracy)
    return f"{percent(accuracy)} (95 % interval {low * 100:.0f} to {high * 100:.0f} %)"


def duration(seconds: float) -> str:
    """ "0.8 s", "12 s", "3 min 05 s"."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    if seconds < 60:
        return f"{seconds:.0f} s"
    return f"{seconds // 60:.0f} min {seconds % 60:02.0f} s"


class Points(Curves):
    """What `Metrics` events have brought."""

    def add(self, news: Metrics) -> None:
        """Append the points of an event."""
        for name, values in vars(self).items():
            values.extend(getattr(news, name))

    def columns(self, name: str, steps_per_epoch: float) -> tuple[NDArray[np.float64], ...]:
        """(epochs, training, validation) of "loss" or "accuracy" on one axis, NaN where there is no value."""
        steps = np.union1d(self.step, self.validation_step)
        train, validation = np.full(len(steps), np.nan), np.full(len(steps), np.nan)
        train[np.searchsorted(steps, self.step)] = getattr(self, name)
        validation[np.searchsorted(steps, self.validation_step)] = getattr(self, f"validation_{name}")
        return steps / max(1e-9, steps_per_epoch), train, validation


@dataclass(frozen=True, slots=True)
class Moment:
    """The network at one point of a run: `weights` is a safetensors file. Accuracy and confusion (10 rows of 10 counts,
    row = truth; empty if unknown) are the validation split's.
    """

    step: int
    epoch: float
    accuracy: float
    weights: bytes
    confusion: Sequence[Sequence[int]] = ()


def thinned(moments: list[Moment]) -> list[Moment]:
    """At most `MOST` of at most `MOST_BYTES`: every second one goes, but the first and the last stay."""
    while len(moments) > 2 and (len(moments) > MOST or sum(len(m.weights) for m in moments) > MOST_BYTES):
        moments = [*moments[:-1:2], moments[-1]]
    return moments


def moments_index(run_id: str, moments: Sequence[Moment]) -> bytes:
    """Whose moments they are, and all of them but their weights, as JSON."""
    rows = [{"step": m.step, "epoch": m.epoch, "accuracy": m.accuracy, "confusion": m.confusion} for m in moments]
    return json.dumps({"run": run_id, "moments": rows}, separators=(",", ":")).encode()


def indexed_moments(index: bytes) -> tuple[str, list[Moment]]:
    """The run and the moments of an index, without weights. ValueError if it is damaged."""
    try:
        body = json.loads(index)
        run_id = str(body["run"])
        found = [
            Moment(int(r["step"]), float(r["epoch"]), float(r["accuracy"]), b"", _counts(r)) for r in body["moments"]
        ]
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise ValueError("The index of the timeline is damaged.") from error
    if sorted({m.step for m in found}) != [m.step for m in found]:
        raise ValueError("The timeline is out of order.")
    return run_id, found


def _counts(row: dict[str, Any]) -> Sequence[Sequence[int]]:
    table = np.array(row["confusion"], np.int64)
    if table.shape not in ((0,), (10, 10)) or (table < 0).any():
        raise ValueError("This is no confusion matrix.")
    counts: list[list[int]] = table.tolist()
    return counts


def make_row(run_id: str, event: Finished, engine: str, parameters: int, origin: str) -> dict[str, Any]:
    """A finished run as plain data: what the table, the exports and the storage hold.

    `origin` names the network that it began with, empty for weights drawn by the seed.
    """
    return {
        "id": run_id,
        "reason": event.reason,
        "engine": engine,
        "origin": origin,
        "parameters": parameters,
        "epochs_done": round(event.epoch, 4),
        "steps": event.step,
        "validation_accuracy": event.validation_accuracy,
        "test_accuracy": event.test_accuracy,
        "test_interval": event.interval,
        "seconds": round(event.seconds, 3),
        "settings": event.settings,
    }


def usable_row(row: Any) -> bool:
    """Whether stored data is a row of this version of the page: others are left out rather than shown wrong."""
    try:
        RunSettings.make(row["settings"])
        names = ("number", "validation_accuracy", "test_accuracy", "seconds", "epochs_done")
        numbers = [row[name] for name in names]
        return isinstance(row["id"], str) and all(isinstance(n, (int, float)) for n in numbers)
    except (KeyError, TypeError, ValueError):
        return False


def to_json(rows: Sequence[dict[str, Any]]) -> str:
    """All runs as a JSON list."""
    return json.dumps(list(rows), indent=1) + "\n"


def to_csv(rows: Sequence[dict[str, Any]]) -> str:
    """All runs as CSV, one column for each setting and result (RFC 4180)."""
    out = io.StringIO()
    settings = list(RunSettings().to_json())
    results = [name for name in rows[0] if name != "settings"] if rows else []
    writer = csv.writer(out)
    writer.writerow([*results, *settings])
    for row in rows:
        values = [row.get(name, "") for name in results] + [row["settings"].get(name, "") for name in settings]
        writer.writerow([" ".join(map(str, v)) if isinstance(v, list) else v for v in values])
    return out.getvalue()


def network_name(settings: RunSettings) -> str:
    """What a run's network is called: "784-128-10" or "CNN"."""
    return "CNN" if settings.model == "cnn" else "-".join(map(str, (784, *settings.hidden, 10)))
