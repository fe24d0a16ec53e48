"""The commands and files in the README exist, and its tables show the current cards and benchmarks."""

import re
from pathlib import Path

from scripts import readme

ROOT = Path(__file__).parents[3]
README = (ROOT / "README.md").read_text()


def test_the_commands_exist() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"\bmake ([a-z]+)", README)) <= targets
    for name in re.findall(r"(?<=`)(?:scripts|web|py|tests|models)/[\w./]*", README):
        assert (ROOT / name).exists(), name


def test_the_tables_are_up_to_date() -> None:
    assert readme.filled(README) == README, "run `python -m scripts.readme`"
