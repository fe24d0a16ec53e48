"""docs/ARCHITECTURE.md is about the code as it is: its layers, and every file and function that its walks name."""

import ast
import re
from pathlib import Path

import pytest

from tests.unit.test_architecture import MAY_IMPORT

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "ARCHITECTURE.md").read_text()
_STEP = re.compile(r"^\d+\. `([\w/.]+\.py)` `([\w.]+)`", re.MULTILINE)


def walk(title: str) -> list[tuple[str, str]]:
    """The steps of a walk: (file, function)."""
    return _STEP.findall(TEXT.split(f"## {title}\n")[1].split("\n## ")[0])


def test_each_promise_about_faults_names_a_test_that_exists() -> None:
    text = (ROOT / "docs" / "RELIABILITY.md").read_text()
    rows = [line for line in text.splitlines() if line.startswith("| ") and "---" not in line]
    named = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", text)
    assert len(named) > 40
    assert [f"{file}::{name}" for file, name in named if name not in names(ROOT / file)] == []
    untested = [row for row in rows if "::test_" not in row and "| test" not in row]
    assert untested == []


def names(path: Path) -> set[str]:
    """`function` and `Class.method` of a module."""
    found = set()
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.ClassDef):
            found |= {f"{node.name}.{getattr(member, 'name', '')}" for member in node.body}
        found.add(getattr(node, "name", ""))
    return found


def test_the_table_has_the_layers_in_their_order() -> None:
    table = TEXT.split("## Layers\n")[1].split("\n## ")[0]
    assert re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE) == list(MAY_IMPORT)


@pytest.mark.parametrize(
    ("title", "most_files"), [("From ink to bars", 12), ("From Train to bars", 25), ("From files to a data set", 16)]
)
def test_a_walk_names_what_exists_and_is_short(title: str, most_files: int) -> None:
    steps = walk(title)
    assert len(steps) > 5
    assert [step for step in steps if step[1] not in names(ROOT / "py" / "tabgrad" / step[0])] == []
    assert len({file for file, _ in steps}) <= most_files
