"""Compile every shipped model for every engine: models/<name>/programs/*.json from card.json and the weights.

    python scripts/export.py              write the programs (the same inputs give the same bytes)
    python scripts/export.py --check      fail if a committed program is not what this code would write

Owns the layout of models/. Training is scripts/train.py's affair.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "py"))

from tabgrad import model  # noqa: E402 - after the path to the package
from tabgrad.compiler import VARIANTS  # noqa: E402
from tabgrad.program import Program, ProgramError, Target, dumps, load_safetensors  # noqa: E402

MODELS = ROOT / "models"
#: Programs that every shipped model has. Larger ones than `infer` only need to be right: one WGSL variant.
PROGRAMS: dict[str, Callable[[model.Spec, Target, str], Program]] = {
    "infer": model.inference,
    "activations": model.activations,
    "saliency": model.saliency,
}


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


def export(folder: Path) -> dict[Path, str]:
    """All program files of one model folder: path -> contents."""
    card: dict[str, Any] = json.loads((folder / "card.json").read_text())
    check_weights(folder.name, card["spec"], folder)
    return {
        folder / "programs" / f"{name}.{target}.{variant}.json": dumps(make(card["spec"], target, variant))
        for name, make in PROGRAMS.items()
        for target, variant in variants(name)
    }


def main() -> int:
    """Command line; returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", help="model folders (default: all that have a card)")
    parser.add_argument("--check", action="store_true", help="compare with the files instead of writing them")
    args = parser.parse_args()
    stale: list[str] = []
    for card in sorted(MODELS.glob("*/card.json")):
        folder = card.parent
        if args.names and folder.name not in args.names:
            continue
        files = export(folder)
        obsolete = set((folder / "programs").glob("*.json")) - files.keys()
        if args.check:
            stale += [str(p.relative_to(ROOT)) for p in obsolete]
            stale += [str(p.relative_to(ROOT)) for p, s in files.items() if not p.exists() or p.read_text() != s]
            continue
        (folder / "programs").mkdir(exist_ok=True)
        for path in obsolete:
            path.unlink()
        for path, text in files.items():
            path.write_text(text)
        print(f"{folder.name}: {len(files)} programs, {sum(map(len, files.values())) / 1024:.0f} kB")
    if stale:
        print("Not up to date, run `python scripts/export.py`:", *stale, sep="\n  ")
    return bool(stale)


if __name__ == "__main__":
    sys.exit(main())
