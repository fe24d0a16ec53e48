"""The timeline of a run: the network at the end of each epoch, and the index that is stored beside the weights.

Old entries are thinned out so that any run fits into memory.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tabgrad.incoming import fits, is_finite, read_json
from tabgrad.metrics import is_confusion

#: Entries kept at most, and what their weights may take together: 60 of the default network. Bytes.
MAX_ENTRIES, MAX_BYTES = 60, 25_000_000


@dataclass(frozen=True, slots=True)
class TimelineEntry:
    """The network after `step` steps: `weights` is a weights file. Accuracy and confusion (n rows of n counts, row =
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
    body = read_json(index)
    if not isinstance(body, dict) or not fits(body.get("run"), str) or not fits(body.get("moments"), list[Any]):
        raise ValueError("The index of the timeline is damaged.")
    found = [_entry(row) for row in body["moments"]]
    if sorted({e.step for e in found}) != [e.step for e in found]:
        raise ValueError("The timeline is out of order.")
    return body["run"], found


def _entry(row: Any) -> TimelineEntry:
    if not isinstance(row, dict) or not {"step", "epoch", "accuracy", "confusion"} <= row.keys():
        raise ValueError("An entry of the timeline lacks a part.")
    step, epoch, accuracy, counts = row["step"], row["epoch"], row["accuracy"], row["confusion"]
    if not fits(step, int) or not is_finite(epoch) or not is_finite(accuracy) or not fits(counts, list[list[int]]):
        raise ValueError("A part of the timeline has the wrong type.")
    if step < 0 or epoch < 0 or not 0 <= accuracy <= 1:
        raise ValueError("A number in the timeline is out of range.")
    if counts and not is_confusion(counts):
        raise ValueError("This is no confusion matrix.")
    return TimelineEntry(step, float(epoch), float(accuracy), b"", counts)
