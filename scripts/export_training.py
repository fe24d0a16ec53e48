"""Compiles the programs of the training presets for each engine, to models/training/*.json.

    python -m scripts.export_training              write the programs (the same inputs give the same bytes)
    python -m scripts.export_training --check      fail if a committed program differs from what this code writes

With these, a preset starts without loading tinygrad. Other networks are compiled in the page.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from functools import partial
from typing import cast

from scripts import export
from tabgrad.compiler import VARIANTS
from tabgrad.program import Target
from tabgrad.session.plan import ProgramRequest, answer_request, evaluation_request, training_request
from tabgrad.session.programs import compile_program
from tabgrad.settings import PRESETS

FOLDER = export.MODELS / "training"


def requests() -> Iterator[ProgramRequest]:
    """The programs that the presets need, each once."""
    seen: set[str] = set()
    for preset in PRESETS.values():
        for target in preset.prebuilt:
            for variant in VARIANTS[cast(Target, target)]:
                for make in (training_request, evaluation_request, answer_request):
                    request = make(preset.settings, target, variant)
                    if request.stem not in seen:
                        seen.add(request.stem)
                        yield request


def training_files() -> export.Files:
    """All program files of models/training."""
    return {FOLDER / f"{request.stem}.json": partial(compile_program, request) for request in requests()}


def main() -> int:
    """Run the command line; returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="compare with the files instead of writing them")
    act = export.check if parser.parse_args().check else export.write
    return act(FOLDER, training_files())


if __name__ == "__main__":
    sys.exit(main())
