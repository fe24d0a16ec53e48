"""Measures the built site and prints JSON: `python -m scripts.bench --only boot`.

Each section is a module scripts/bench_NAME.py with `run(context) -> dict`: it measures and compares in one go, rounds
interleaved, because a machine's speed changes from minute to minute. Nothing here is asserted anywhere: figures are
for people, tests are for machines.
"""

import argparse
import importlib
import json
import os
import platform
import statistics
import sys
import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import Playwright, sync_playwright

from scripts import chromium
from scripts.serve import open_server
from scripts.sitebuild.parts import ROOT


@dataclass(frozen=True)
class BenchContext:
    """What a section gets: Playwright, the built site's folder and URL, how many rounds to measure."""

    playwright: Playwright
    dist: Path
    url: str
    rounds: int


#: More values than this are summed up and not listed.
MOST_LISTED = 20


def summary(values: Iterable[float]) -> dict[str, Any]:
    """Median, 95th and 99th percentile and highest of `count` values, rounded to a hundredth, and the values if few.

    Empty input gives nulls.
    """
    ordered = [round(value, 2) for value in sorted(values)]
    if not ordered:
        return {"median": None, "p95": None, "p99": None, "max": None, "count": 0, "values": []}
    p95, p99 = (ordered[round(share * (len(ordered) - 1))] for share in (0.95, 0.99))
    figures = {"median": round(statistics.median(ordered), 2), "p95": p95, "p99": p99, "max": ordered[-1]}
    listed = {"values": ordered} if len(ordered) <= MOST_LISTED else {}
    return {**figures, "count": len(ordered), **listed}


def sections() -> list[str]:
    """The names of all sections."""
    return sorted(path.stem.removeprefix("bench_") for path in Path(__file__).parent.glob("bench_*.py"))


def machine(playwright: Playwright) -> dict[str, Any]:
    """What the figures depend on besides the code."""
    browser = chromium.launch(playwright)
    version = browser.version
    browser.close()
    return {"chromium": version, "cores": os.cpu_count(), "system": platform.platform()}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the chosen sections, print their figures and write them to a file; the exit status."""
    parser = argparse.ArgumentParser(description="Measure the built site.")
    parser.add_argument("--only", nargs="+", choices=sections(), default=sections(), help="default: all sections")
    parser.add_argument("--rounds", type=int, default=5, help="repetitions of each measurement (default: 5)")
    parser.add_argument("--dist", type=Path, default=ROOT / "dist", help="the built site (default: dist)")
    parser.add_argument("--out", type=Path, default=ROOT / "out" / "bench.json", help="default: out/bench.json")
    options = parser.parse_args(arguments)
    if not (options.dist / "index.html").is_file():
        print(f"{options.dist} holds no built site: run `make build` first.", file=sys.stderr)
        return 1
    figures: dict[str, Any] = {}
    with open_server(options.dist, 0) as server, sync_playwright() as playwright:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        figures["machine"] = machine(playwright)
        context = BenchContext(playwright, options.dist, server.url, options.rounds)
        for name in options.only:
            print(f"Measuring {name} …", file=sys.stderr)
            figures[name] = importlib.import_module(f"scripts.bench_{name}").run(context)
        server.shutdown()
    text = json.dumps(figures, indent=1)
    print(text)
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(text + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
