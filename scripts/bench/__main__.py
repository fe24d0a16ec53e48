"""Measures the built site, prints the figures as JSON and writes them to a file: `python -m scripts.bench`."""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from playwright.sync_api import Playwright, sync_playwright

from scripts import chromium
from scripts.bench import sections
from scripts.bench.context import BenchContext
from scripts.serve import running
from scripts.sitebuild.parts import ROOT


def machine(playwright: Playwright) -> dict[str, Any]:
    """The browser and the machine, on which the figures depend."""
    with chromium.launch(playwright) as browser:
        version = browser.version
    return {"chromium": version, "cores": os.cpu_count(), "system": platform.platform()}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the chosen sections, print their figures and write them to a file; returns the exit status."""
    names = sections.names()
    parser = argparse.ArgumentParser(prog="python -m scripts.bench", description="Measure the built site.")
    parser.add_argument("--only", nargs="+", choices=names, default=names, help="default: all sections")
    parser.add_argument("--rounds", type=int, default=5, help="repetitions of each measurement (default: 5)")
    parser.add_argument("--dist", type=Path, default=ROOT / "dist", help="the built site (default: dist)")
    parser.add_argument("--out", type=Path, default=ROOT / "out" / "bench.json", help="default: out/bench.json")
    options = parser.parse_args(arguments)
    if not (options.dist / "index.html").is_file():
        print(f"{options.dist} has no built site: run `make build` first.", file=sys.stderr)
        return 1
    figures: dict[str, Any] = {}
    with running(options.dist) as url, sync_playwright() as playwright:
        figures["machine"] = machine(playwright)
        context = BenchContext(playwright, options.dist, url, options.rounds)
        for name in options.only:
            print(f"Measuring {name} …", file=sys.stderr)
            figures[name] = sections.run(name, context)
    text = json.dumps(figures, indent=1)
    print(text)
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(text + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
