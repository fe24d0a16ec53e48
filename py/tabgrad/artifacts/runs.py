"""The table of finished runs: its rows as stored, and as files to take away (JSON, CSV)."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from typing import Any

from tabgrad.incoming import fits, is_finite, read_json
from tabgrad.protocol import Finished
from tabgrad.settings import RunSettings, SettingsError

RunRow = dict[str, Any]
#: What the parts of a row are. Tables of version 0.1 lack some that are not `REQUIRED`.
TYPES: dict[str, Any] = {
    "id": str,
    "number": int,
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
#: Characters of a text in a row.
MAX_TEXT = 200


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


def load_rows(content: bytes) -> list[RunRow]:
    """The rows of a stored table; rows that cannot be read are left out rather than shown wrong."""
    try:
        rows = read_json(content)
    except ValueError:
        return []
    usable = [row for row in rows if _is_usable(row)] if isinstance(rows, list) else []
    return list({row["id"]: row for row in reversed(usable)}.values())[::-1]  # of one id the first


def _is_usable(row: Any) -> bool:
    if not isinstance(row, dict) or not row.keys() >= REQUIRED:
        return False
    if not all(fits(value, TYPES[name]) for name, value in row.items() if name in TYPES):
        return False
    accuracies = (row["validation_accuracy"], row["test_accuracy"], *row.get("test_interval", ()))
    numbers = (row["number"], row["seconds"], row["epochs_done"])
    texts = (row[name] for name, kind in TYPES.items() if kind is str and name in row)
    try:
        RunSettings.stored(row["settings"])
    except SettingsError:
        return False
    return (
        all(0 <= accuracy <= 1 for accuracy in accuracies)
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
