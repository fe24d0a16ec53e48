"""The committed programs are up to date. After a change of a network or of the compiler they are exported again."""

from __future__ import annotations

from pathlib import Path

from scripts import export
from tabgrad.program import loads

ADVICE = "run `make programs` and commit models/"
#: One variant of each of our code generators. The other variants are made from the same captured schedule.
VARIANTS = ("sw", "simd")
#: Training programs of CNNs have more kernels and take half a minute. Saliency covers the same gradients.
MOST_KERNELS = 40


def all_files() -> dict[Path, export.Files]:
    """{folder of programs: its files}."""
    models = {card.parent / "programs": export.model_files(card.parent) for card in export.MODELS.glob("*/card.json")}
    return {**models, export.TRAINING: export.training_files()}


def is_chosen(path: Path) -> bool:
    if path.stem.startswith("evaluate"):  # the first half of a training step
        return False
    return path.stem.endswith(VARIANTS) and len(loads(path.read_text()).kernels) <= MOST_KERNELS


def test_each_folder_has_exactly_its_programs() -> None:
    for folder, files in all_files().items():
        assert set(folder.glob("*.json")) == files.keys(), f"{folder}: {ADVICE}"


def test_programs_are_up_to_date() -> None:
    """Compares some of them, in half a minute. GitHub's CI compares all (`make programs EXPORT_ARGS=--check`)."""
    files = {path: make for folder in all_files().values() for path, make in folder.items() if is_chosen(path)}
    assert len(files) > 10
    stale = [path.name for path, make in files.items() if not export.is_current(path, make)]
    assert not stale, ADVICE
