"""The committed programs are what this code compiles: whoever changes a network or the compiler exports anew."""

from __future__ import annotations

from pathlib import Path

from scripts import export, export_training
from tabgrad.program import loads

ADVICE = "run `make programs` and commit models/"
#: One variant of each of our own code generators. The others come from the same captures.
VARIANTS = ("sw", "simd")
#: The training of convolutions has more and takes half a minute; its gradients are also those of their saliency.
MOST_KERNELS = 40


def all_files() -> dict[Path, export.Files]:
    """Every folder of programs, with the files that belong there."""
    models = {card.parent / "programs": export.model_files(card.parent) for card in export.MODELS.glob("*/card.json")}
    return {**models, export_training.FOLDER: export_training.training_files()}


def is_chosen(path: Path) -> bool:
    if path.stem.startswith("evaluate"):  # the first half of a training step
        return False
    return path.stem.endswith(VARIANTS) and len(loads(path.read_text()).kernels) <= MOST_KERNELS


def test_every_program_is_there_and_no_other() -> None:
    for folder, files in all_files().items():
        assert set(folder.glob("*.json")) == files.keys(), f"{folder}: {ADVICE}"


def test_programs_are_what_the_compiler_writes() -> None:
    """Some of them, within half a minute. GitHub's CI compares all (`scripts.export --check`)."""
    files = {path: make for folder in all_files().values() for path, make in folder.items() if is_chosen(path)}
    assert len(files) > 10
    stale = [path.name for path, make in files.items() if not export.is_current(path, make)]
    assert not stale, ADVICE
