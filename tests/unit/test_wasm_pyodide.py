"""The compiler writes the same bytes in the browser's Python as here: what is compiled live is what is tested."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest
import tinygrad

from tests.unit.pyodide_programs import hashes

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
PACKAGES = Path(tinygrad.__file__).parents[1]


@pytest.mark.skipif(shutil.which("node") is None, reason="Node runs Pyodide here, and is not installed")
def test_pyodide_and_cpython_compile_to_the_same_bytes() -> None:
    script = [HERE / "pyodide_compile.mjs", ROOT, PACKAGES, HERE / "pyodide_programs.py"]
    done = subprocess.run(["node", *map(str, script)], capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr[-2000:]
    assert json.loads(done.stdout.splitlines()[-1]) == json.loads(hashes())
