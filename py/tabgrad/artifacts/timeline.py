"""The timeline of a run: the network at the end of each epoch, and the index that is stored beside the weights.

Old entries are thinned out so that any run fits into memory.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

#: Entries kept at most, and what their weights may take together: 60 of the default network. Bytes.
MAX_ENTRIES, MAX_BYTES = 60, 25_000_000


@dataclass(frozen=True, slots=True)
class TimelineEntry:
    """The network after `step` steps: `weights` is a weights file. Accuracy and confusion (10 rows of 10 counts, row =
    truth; empty if unknown) are the validation split's.
    """

    step: int
    epoch: float
    accuracy: float
    weights: bytes
    confusion: Sequence[Sequence[int]] = ()


def thinned(entries: list[TimelineEntry]) -> list[TimelineEntry]:
    """At most `MAX_ENTRIES` of at most `MAX_BYTES`: every second entry goes, the first and the last stay."""
    while len(entries) > 2 and (len(entries) > MAX_ENTRIES or sum(len(e.weights) for e in entries) > MAX_BYTES):
        entries = [*entries[:-1:2], entries[-1]]
    return entries


def dump_index(run_id: str, entries: Sequence[TimelineEntry]) -> bytes:
    """The index of a run's timeline as JSON: everything but the weights."""
    rows = [{"step": e.step, "epoch": e.epoch, "accuracy": e.accuracy, "confusion": e.confusion} for e in entries]
    return json.dumps({"run": run_id, "moments": rows}, separators=(",", ":")).encode()


def load_index(index: bytes) -> tuple[str, list[TimelineEntry]]:
    """The run's id and the entries of an index, without weights. ValueError if the index is damaged."""
    try:
        body = json.loads(index)
        run_id = str(body["run"])
        found = [
            TimelineEntry(int(r["step"]), float(r["epoch"]), float(r["accuracy"]), b"", _counts(r))
            for r in body["moments"]
        ]
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise ValueError("The index of the timeline is damaged.") from error
    if sorted({e.step for e in found}) != [e.step for e in found]:
        raise ValueError("The timeline is out of order.")
    return run_id, found


def _counts(row: dict[str, Any]) -> Sequence[Sequence[int]]:
    table = np.array(row["confusion"], np.int64)
    if table.shape not in ((0,), (10, 10)) or (table < 0).any():
        raise ValueError("This is no confusion matrix.")
    counts: list[list[int]] = table.tolist()
    return counts
