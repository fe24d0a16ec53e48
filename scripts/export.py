"""Compile every shipped model for every engine: models/<name>/programs/*.json from card.json and the weights.

    python -m scripts.export              write the programs (the same inputs give the same bytes)
    python -m scripts.export --check      fail if a committed program is not what this code would write

Owns the layout of models/, and how its program files are written and compared. Training is scripts/train.py's affair.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from tabgrad import model
from tabgrad.compiler import VARIANTS
from tabgrad.network import load_safetensors
from tabgrad.program import Program, ProgramError, Target, dumps

ROOT = Path(__file__).resolve().parents[1]
MODELS = ROOT / "models"
#: Programs that every shipped model has. Larger ones than `infer` only need to be right: one WGSL variant.
PROGRAMS: dict[str, Callable[[model.Spec, Target, str], Program]] = {
    "infer": model.inference,
    "activations": model.activations,
    "saliency": model.saliency,
}
#: Program files and how to compile each, which takes from milliseconds to seconds.
Files = Mapping[Path, Callable[[], Program]]


def variants(program: str) -> Iterator[tuple[Target, str]]:
    """The (target, variant) pairs that a program is shipped for."""
    for target, names in VARIANTS.items():
        for variant in names:
            if program == "infer" or target == "wasm" or variant == "default":
                yield target, variant


def check_weights(name: str, spec: model.Spec, folder: Path) -> None:
    """ProgramError unless weights.safetensors holds exactly the tensors of the network that the card describes."""
    tensors, _ = load_safetensors((folder / "weights.safetensors").read_bytes())
    expected = {k: tuple(int(n) for n in t.shape) for k, t in model.state(model.build(spec)).items()}
    found = {k: t.shape for k, t in tensors.items()}
    if expected != found:
        raise ProgramError(f"The weights of {name!r} do not fit its card: {expected} expected, {found} found.")


def model_files(folder: Path) -> Files:
    """All program files of one model folder."""
    card: dict[str, Any] = json.loads((folder / "card.json").read_text())
    check_weights(folder.name, card["spec"], folder)
    return {
        folder / "programs" / f"{name}.{target}.{variant}.json": partial(make, card["spec"], target, variant)
        for name, make in PROGRAMS.items()
        for target, variant in variants(name)
    }


def is_current(path: Path, make: Callable[[], Program]) -> bool:
    """Whether a file is what this code would write."""
    return path.exists() and path.read_text() == dumps(make())


def obsolete(folder: Path, files: Files) -> list[Path]:
    """Program files in `folder` that are none of `files`."""
    return sorted(set(folder.glob("*.json")) - files.keys())


def check(folder: Path, files: Files) -> int:
    """Print what in `folder` is not up to date; the exit status."""
    stale = [*obsolete(folder, files), *(path for path, make in files.items() if not is_current(path, make))]
    for path in stale:
        print(f"{path.relative_to(ROOT)} is not up to date: run `make programs`.")
    return int(bool(stale))


def write(folder: Path, files: Files) -> int:
    """Make `folder` hold `files` and no other program; the exit status."""
    folder.mkdir(parents=True, exist_ok=True)
    for path in obsolete(folder, files):
        path.unlink()
    sizes = [path.write_text(dumps(make())) for path, make in files.items()]
    print(f"{folder.relative_to(ROOT)}: {len(sizes)} programs, {sum(sizes) / 1024:.0f} kB")
    return 0


def main() -> int:
    """Command line; returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", help="model folders (default: all that have a card)")
    parser.add_argument("--check", action="store_true", help="compare with the files instead of writing them")
    args = parser.parse_args()
    folders = [card.parent for card in sorted(MODELS.glob("*/card.json"))]
    chosen = [folder for folder in folders if not args.names or folder.name in args.names]
    act = check if args.check else write
    return max([act(folder / "programs", model_files(folder)) for folder in chosen], default=0)


if __name__ == "__main__":
    sys.exit(main())
