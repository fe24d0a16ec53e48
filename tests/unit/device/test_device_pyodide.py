"""The device in Pyodide, where programs and memory belong to the JavaScript host, gives the same bits as in CPython."""

import json
import shutil
from pathlib import Path

import pytest

from scripts.pyodide_node import run_python
from tests.unit.device import on_both


@pytest.mark.skipif(shutil.which("node") is None, reason="Node runs Pyodide here, and is not installed")
def test_the_device_computes_the_same_in_pyodide(tmp_path: Path) -> None:
    shutil.copy(on_both.__file__, tmp_path)
    run_python("import on_both; on_both.write('/mounted/results.json')", tmp_path)
    assert json.loads((tmp_path / "results.json").read_text()) == on_both.results()
