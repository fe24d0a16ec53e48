"""Compiles the shipped programs for each engine: those of the models, and those of the training presets.

    python -m scripts.export              write the programs (the same inputs give the same bytes)
    python -m scripts.export --check      fail if a committed program differs from what this code writes
    python -m scripts.export mlp          only those of models/mlp; likewise `training`

Owns the program files: models/<name>/programs/*.json of each model with a card, and models/training/*.json, with which
a preset starts without loading tinygrad. The page compiles all other networks itself. Weights and cards come from
scripts.train.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any, cast

from scripts.sitebuild.parts import ROOT
from tabgrad import model
from tabgrad.network import load_safetensors
from tabgrad.program import VARIANTS, Program, ProgramError, Target, dumps
from tabgrad.session.plan import answer_request, evaluation_request, training_request
from tabgrad.session.programs import compile_program
from tabgrad.settings import FEW_EXAMPLES, PRESETS

MODELS = ROOT / "models"
TRAINING = MODELS / "training"
#: The programs of each shipped model. Only `infer` must be fast, so the others have a single WGSL variant.
PROGRAMS: dict[str, Callable[[model.Spec, Target, str], Program]] = {
    "infer": model.inference,
    "activations": model.activations,
    "saliency": model.saliency,
}
#: {program file: function that compiles it, in milliseconds to seconds}.
Files = Mapping[Path, Callable[[], Program]]


def variants(program: str) -> Iterator[tuple[Target, str]]:
    """The (target, variant) pairs in which a program is shipped."""
    for target, names in VARIANTS.items():
        for variant in names:
            if program == "infer" or target == "wasm" or variant == "default":
                yield target, variant


def check_weights(name: str, spec: model.Spec, folder: Path) -> None:
    """Raise ProgramError unless weights.safetensors has exactly the tensors of the network in the card."""
    tensors, _ = load_safetensors((folder / "weights.safetensors").read_bytes())
    expected = model.shapes(model.build(spec))
    found = {k: t.shape for k, t in tensors.items()}
    if expected != found:
        raise ProgramError(
            f"The weights in models/{name} do not fit its card, train it again: expected {expected}, found {found}."
        )


def model_files(folder: Path) -> Files:
    """All program files of one model folder."""
    card: dict[str, Any] = json.loads((folder / "card.json").read_text())
    check_weights(folder.name, card["spec"], folder)
    return {
        folder / "programs" / f"{name}.{target}.{variant}.json": partial(make, card["spec"], target, variant)
        for name, make in PROGRAMS.items()
        for target, variant in variants(name)
    }


def training_files() -> Files:
    """All program files of models/training: what the presets need, each once, and a drawn alphabet of ten classes."""
    files: dict[Path, Callable[[], Program]] = {}
    shipped = [(preset.settings, preset.prebuilt) for preset in PRESETS.values()]
    for settings, targets in [*shipped, (FEW_EXAMPLES, ("wasm",))]:
        for target in targets:
            for variant in VARIANTS[cast(Target, target)]:
                for make_request in (training_request, evaluation_request, answer_request):
                    request = make_request(settings, target, variant)
                    files[TRAINING / f"{request.stem}.json"] = partial(compile_program, request)
    return files


def is_current(path: Path, make: Callable[[], Program]) -> bool:
    """Whether a file is the same as what this code writes."""
    return path.exists() and path.read_text() == dumps(make())


def obsolete(folder: Path, files: Files) -> list[Path]:
    """Program files in `folder` that are not in `files`."""
    return sorted(set(folder.glob("*.json")) - files.keys())


def check(folder: Path, files: Files) -> int:
    """Print which files in `folder` are outdated; returns the exit status."""
    stale = [*obsolete(folder, files), *(path for path, make in files.items() if not is_current(path, make))]
    for path in stale:
        print(f"{path.relative_to(ROOT)} is outdated: run `make programs`.")
    return int(bool(stale))


def write(folder: Path, files: Files) -> int:
    """Write `files` to `folder` and delete all other programs there; returns the exit status."""
    folder.mkdir(parents=True, exist_ok=True)
    for path in obsolete(folder, files):
        path.unlink()
    sizes = [path.write_text(dumps(make())) for path, make in files.items()]
    print(f"{folder.relative_to(ROOT)}: {len(sizes)} programs, {sum(sizes) / 1024:.0f} kB")
    return 0


def main() -> int:
    """Run the command line; returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", help="folders of models/ (default: training, and all with a card)")
    parser.add_argument("--check", action="store_true", help="compare with the files instead of writing them")
    args = parser.parse_args()
    act, statuses = check if args.check else write, [0]
    for card in sorted(MODELS.glob("*/card.json")):
        if not args.names or card.parent.name in args.names:
            statuses.append(act(card.parent / "programs", model_files(card.parent)))
    if not args.names or TRAINING.name in args.names:
        statuses.append(act(TRAINING, training_files()))
    return max(statuses)


if __name__ == "__main__":
    sys.exit(main())
