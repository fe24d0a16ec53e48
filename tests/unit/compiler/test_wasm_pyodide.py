"""The compiler writes the same bytes in Pyodide as in CPython, so tests in CPython also cover live compilation."""

import json
import shutil
from pathlib import Path

import pytest

from scripts.pyodide_node import run_python
from tests.unit.compiler import pyodide_programs


@pytest.mark.skipif(shutil.which("node") is None, reason="Node runs Pyodide here, and is not installed")
def test_pyodide_and_cpython_compile_to_the_same_bytes(tmp_path: Path) -> None:
    shutil.copy(pyodide_programs.__file__, tmp_path)
    run_python("import pyodide_programs; pyodide_programs.write('/mounted/hashes.json')", tmp_path)
    assert json.loads((tmp_path / "hashes.json").read_text()) == pyodide_programs.hashes()
