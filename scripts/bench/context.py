"""What a section of the benchmarks is given, and the form of the figures that it gives back."""

from __future__ import annotations

import statistics
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import Playwright

#: With more values than this, the summary leaves the list of values out.
MAX_LISTED = 20


@dataclass(frozen=True)
class BenchContext:
    """Playwright, the folder of the built site, the URL it is served from, and the number of rounds to measure."""

    playwright: Playwright
    dist: Path
    url: str
    rounds: int


def summary(values: Iterable[float]) -> dict[str, Any]:
    """Median, 95th and 99th percentile, maximum and count, rounded to two decimals; and the values if they are few.

    Without values the figures are None.
    """
    ordered = [round(value, 2) for value in sorted(values)]
    if not ordered:
        return {"median": None, "p95": None, "p99": None, "max": None, "count": 0, "values": []}
    p95, p99 = (ordered[round(share * (len(ordered) - 1))] for share in (0.95, 0.99))
    figures = {"median": round(statistics.median(ordered), 2), "p95": p95, "p99": p99, "max": ordered[-1]}
    listed = {"values": ordered} if len(ordered) <= MAX_LISTED else {}
    return {**figures, "count": len(ordered), **listed}
