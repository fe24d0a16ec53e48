"""The table of finished runs: its rows as stored, and as files to take away (JSON, CSV)."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from typing import Any

from tabgrad.protocol import Finished
from tabgrad.settings import RunSettings

RunRow = dict[str, Any]


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
        rows = json.loads(content)
    except ValueError:
        return []
    return [row for row in rows if _is_usable(row)] if isinstance(rows, list) else []


def _is_usable(row: Any) -> bool:
    try:
        RunSettings.stored(row["settings"])
        names = ("number", "validation_accuracy", "test_accuracy", "seconds", "epochs_done")
        numbers = [row[name] for name in names]
        return isinstance(row["id"], str) and all(isinstance(n, (int, float)) for n in numbers)
    except (KeyError, TypeError, ValueError):
        return False


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
