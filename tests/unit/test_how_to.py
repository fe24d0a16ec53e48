"""The additions that docs/HOW-TO.md describes work, and take as many files as it says."""

from pathlib import Path

import pytest

from tests.how_to.follow import ROOT, copy_package, edits, promised_files, run_module

EDITS = edits()
#: The section is seen in a browser: tests/e2e/test_how_to.py.
CHECKED = {
    "An activation": "activation",
    "A stage of a CNN": "stage",
    "An optimizer": "optimizer",
    "An engine": "engine",
    "A data set": "data_set",
}


def test_each_addition_takes_as_many_files_as_the_table_says() -> None:
    assert {title: len({edit.path for edit in found}) for title, found in EDITS.items()} == promised_files()


@pytest.mark.parametrize("title", CHECKED)
def test_what_it_adds_works(title: str, tmp_path: Path) -> None:
    package = copy_package(tmp_path)
    for edit in EDITS[title]:
        edit.apply(package)
    run_module(package, "tests.how_to.checks", CHECKED[title])


def test_all_of_it_passes_the_checks_of_make_lint(tmp_path: Path) -> None:
    package = copy_package(tmp_path)
    found = [edit for paragraph in EDITS.values() for edit in paragraph]
    for edit in found:
        edit.apply(package)
    files = sorted({str(package / edit.path) for edit in found})
    config = str(ROOT / "pyproject.toml")
    for command in (
        ["ruff", "check", "--config", config, *files],
        ["ruff", "format", "--check", "--config", config, *files],
        ["mypy", "--config-file", config, str(package)],
    ):
        run_module(package, *command, folder=tmp_path)
