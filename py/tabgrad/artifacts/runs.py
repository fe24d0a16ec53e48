"""The table of finished runs: its rows as stored, and as files to take away (JSON, CSV)."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tabgrad.incoming import fits, is_finite, read_json
from tabgrad.network import CODE
from tabgrad.protocol import Finished
from tabgrad.settings import FIELDS, RunSettings, SettingsError, network_name

RunRow = dict[str, Any]
#: The id of a run, which is part of a key in the storage.
_ID = re.compile(r"[A-Za-z0-9_-]+")
#: What the parts of a row are. Tables of version 0.1 lack some that are not `REQUIRED`.
TYPES: dict[str, Any] = {
    "id": str,
    "number": int,
    "name": str,
    "reason": str,
    "engine": str,
    "origin": str,
    "parameters": int,
    "epochs_done": float,
    "steps": int,
    "validation_accuracy": float,
    "test_accuracy": float,
    "test_interval": list[float],
    "seconds": float,
    "settings": dict[str, Any],
}
REQUIRED = {"id", "number", "engine", "epochs_done", "validation_accuracy", "test_accuracy", "seconds", "settings"}
#: Characters of a text in a row, and of the name that the visitor gives a run.
MAX_TEXT, MAX_NAME = 200, 60
#: All sources of a table together; the oldest rows that go beyond it lose theirs. A source has 100 kB at most, so the
#: latest 20 runs always keep it. Bytes.
MAX_SOURCES = 2_000_000


def make_row(run_id: str, result: Finished, engine: str, parameters: int, origin: str) -> RunRow:
    """A finished run as plain data: what the table, the exports and the storage hold.

    `engine` is the engine's title, `origin` the network that the run began with, empty for weights drawn by the seed.
    """
    return {
        "id": run_id,
        "reason": result.reason,
        "engine": engine,
        "origin": origin,
        "parameters": parameters,
        "epochs_done": round(result.epoch, 4),
        "steps": result.step,
        "validation_accuracy": result.validation_accuracy,
        "test_accuracy": result.test_accuracy,
        "test_interval": result.interval,
        "seconds": round(result.seconds, 3),
        "settings": result.settings,
    }


def named(row: RunRow, name: str) -> RunRow:
    """The row with what the visitor calls it; an empty name takes it away."""
    text = " ".join("".join(c if c.isprintable() else " " for c in name).split())[:MAX_NAME].rstrip()
    rest = {key: value for key, value in row.items() if key != "name"}
    return {**rest, "name": text} if text else rest


def with_default_name(row: RunRow) -> RunRow:
    """The row of a written network with a name that has the run's number, "Your code 1"; other rows as they are."""
    if row["settings"].get("model") != CODE or "name" in row:
        return row
    return {**row, "name": f"{network_name(RunSettings.stored(row['settings']))} {row['number']}"}


def run_name(row: RunRow) -> str:
    """What a run is called in the table: its own name, or its network's."""
    return row.get("name") or network_name(RunSettings.stored(row["settings"]))


def source_of(row: RunRow) -> str:
    """The source of a written network; empty for others, and where it is not kept any more."""
    settings = row["settings"]
    return str(settings.get("source", "")) if settings.get("model") == CODE else ""


def bounded(rows: Sequence[RunRow]) -> list[RunRow]:
    """The rows, newest first, with no more sources than there is room for."""
    kept, size = list[RunRow](), 0
    for row in rows:
        size += len(source_of(row).encode())
        settings = {name: value for name, value in row["settings"].items() if name != "source" or size <= MAX_SOURCES}
        kept.append({**row, "settings": settings})
    return kept


@dataclass(frozen=True, slots=True)
class RunTable:
    """A stored table: `rows` that can be shown, and `others`, as a newer version may have written them.

    Each of the others stands with the ids of the rows that come after it, so that it keeps its place.
    """

    rows: list[RunRow]
    others: list[tuple[list[str], Any]]

    @property
    def highest_number(self) -> int:
        """The highest number of a run."""
        found = [row.get("number") for row in (*self.rows, *(other for _, other in self.others)) if _is_object(row)]
        return max((number for number in found if fits(number, int)), default=0)

    @property
    def ids(self) -> set[str]:
        """The ids of all rows that have one."""
        found = [row.get("id") for row in (*self.rows, *(other for _, other in self.others)) if _is_object(row)]
        return {run_id for run_id in found if _is_id(run_id)}

    def with_rows(self, rows: list[RunRow]) -> RunTable:
        """The table with these rows in the place of those that can be shown."""
        return RunTable(rows, self.others)

    def dumps(self) -> bytes:
        """The table as it is stored: what cannot be shown stays as it is."""
        waiting, everything = list(self.others), list[Any]()
        for row in self.rows:
            while waiting and row["id"] in waiting[0][0]:
                everything.append(waiting.pop(0)[1])
            everything.append(row)
        return dump_rows([*everything, *(other for _, other in waiting)])


def is_table(content: bytes) -> bool:
    """Whether the stored bytes are a table, of whatever rows."""
    try:
        return isinstance(read_json(content), list)
    except ValueError:
        return False


def load_table(content: bytes) -> RunTable:
    """A stored table; an empty one if it is none."""
    try:
        found = read_json(content)
    except ValueError:
        found = None
    everything: list[Any] = found if isinstance(found, list) else []
    rows, others, seen = list[RunRow](), list[tuple[int, Any]](), set[str]()
    for row in everything:
        if not _is_usable(row):
            others.append((len(rows), row))
        elif row["id"] not in seen:  # of one id the first
            seen.add(row["id"])
            rows.append(row)
    ids = [row["id"] for row in rows]
    return RunTable(rows, [(ids[before:], row) for before, row in others])


def load_rows(content: bytes) -> list[RunRow]:
    """The rows of a stored table; rows that cannot be read are left out rather than shown wrong."""
    return load_table(content).rows


def _is_object(row: Any) -> bool:
    return isinstance(row, dict)


def _is_id(value: Any) -> bool:
    return isinstance(value, str) and len(value) <= MAX_TEXT and _ID.fullmatch(value) is not None


def _is_usable(row: Any) -> bool:
    if not isinstance(row, dict) or not row.keys() >= REQUIRED:
        return False
    if not all(fits(value, TYPES[name]) for name, value in row.items() if name in TYPES):
        return False
    accuracies = (row["validation_accuracy"], row["test_accuracy"], *row.get("test_interval", ()))
    numbers = [row[name] for name in ("number", "seconds", "epochs_done", "parameters", "steps") if name in row]
    texts = (row[name] for name, kind in TYPES.items() if kind is str and name in row)
    try:
        RunSettings.stored(row["settings"])
    except SettingsError:
        return False
    return (
        _is_id(row["id"])
        and len(row.get("test_interval", ())) in (0, 2)
        and all(0 <= accuracy <= 1 for accuracy in accuracies)
        and all(is_finite(number) and number >= 0 for number in numbers)
        and all(len(text) <= MAX_TEXT for text in texts)
    )


def dump_rows(rows: Sequence[RunRow]) -> bytes:
    """The table as it is stored."""
    return json.dumps(rows).encode()


def to_json(rows: Sequence[RunRow]) -> str:
    """All runs as a JSON list to read."""
    return json.dumps(list(rows), indent=1) + "\n"


def to_csv(rows: Sequence[RunRow]) -> str:
    """All runs as CSV, one column for each setting and result (RFC 4180). Labels are a JSON list, if a run has any."""
    out = io.StringIO()
    settings = [*FIELDS, *(["labels"] if any(row["settings"].get("labels") for row in rows) else [])]
    results = list(dict.fromkeys(name for row in rows for name in row if name != "settings"))
    writer = csv.writer(out)
    writer.writerow([*results, *settings])
    for row in rows:
        values = [row.get(name, "") for name in results] + [_plain(row["settings"], name) for name in settings]
        writer.writerow([" ".join(map(str, v)) if isinstance(v, list) else v for v in values])
    return out.getvalue()


def _plain(settings: dict[str, Any], name: str) -> Any:
    """A setting as it stands in a cell of CSV. A cell that began with a label could be a formula to a spreadsheet."""
    value = settings.get(name, "")
    return json.dumps(value, ensure_ascii=False) if name == "labels" and value else value
