"""Compile the programs of the training presets for every engine: models/training/*.json.

    python scripts/export_training.py              write the programs (the same inputs give the same bytes)
    python scripts/export_training.py --check      fail if a committed program is not what this code would write

With these a run of a preset starts without tinygrad; any other network is compiled in the page.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import cast

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "py"))

from tabgrad.compiler import VARIANTS  # noqa: E402 - after the path to the package
from tabgrad.program import Target, dumps  # noqa: E402
from tabgrad.protocol import PRESETS  # noqa: E402
from tabgrad.session.plan import (  # noqa: E402
    ProgramRequest,
    answer_request,
    evaluation_request,
    training_request,
)
from tabgrad.session.programs import compile_program  # noqa: E402

FOLDER = ROOT / "models" / "training"


def requests() -> Iterator[ProgramRequest]:
    """What the presets need, each once."""
    seen: set[str] = set()
    for preset in PRESETS.values():
        for target in preset.prebuilt:
            for variant in VARIANTS[cast(Target, target)]:
                for make in (training_request, evaluation_request, answer_request):
                    request = make(preset.settings, target, variant)
                    if request.stem not in seen:
                        seen.add(request.stem)
                        yield request


def main() -> int:
    """Command line; returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="compare with the files instead of writing them")
    args = parser.parse_args()
    files = {FOLDER / f"{request.stem}.json": dumps(compile_program(request)) for request in requests()}
    obsolete = set(FOLDER.glob("*.json")) - files.keys()
    if args.check:
        stale = [*obsolete, *(path for path, text in files.items() if not path.exists() or path.read_text() != text)]
        if stale:
            print("Not up to date, run `python scripts/export_training.py`:", *stale, sep="\n  ")
        return bool(stale)
    FOLDER.mkdir(parents=True, exist_ok=True)
    for path in obsolete:
        path.unlink()
    for path, text in files.items():
        path.write_text(text)
    print(f"{len(files)} training programs, {sum(map(len, files.values())) / 1024:.0f} kB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
