"""Deep nesting ends Python in the browser without a word, so it must not reach the parser of JSON."""

import shutil
from pathlib import Path

import pytest

from scripts.pyodide_node import run_python
from tests.unit.incoming import nested


def test_deep_nesting_is_an_error_of_the_module() -> None:
    assert nested.read_all() == list(nested.READERS)


@pytest.mark.skipif(shutil.which("node") is None, reason="Node runs Pyodide here, and is not installed")
def test_python_lives_on_after_deep_nesting_also_in_pyodide(tmp_path: Path) -> None:
    shutil.copy(nested.__file__, tmp_path)
    run_python("import nested; nested.write('/mounted/read.txt')", tmp_path)
    assert (tmp_path / "read.txt").read_text().split("\n") == list(nested.READERS)
