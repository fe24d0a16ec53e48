"""The compiler writes the same bytes in the browser's Python as here: what is compiled live is what is tested."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest
import tinygrad

from scripts.sitebuild import parts
from scripts.sitebuild.archive import unpack
from tests.unit import pyodide_programs

SOURCES = (Path(tinygrad.__file__).parent, parts.ROOT / "py" / "tabgrad")
RUNNER = parts.ROOT / "scripts" / "sitebuild" / "run_in_pyodide.mjs"
SCRIPT = "import sys; sys.path.insert(0, '/work'); import pyodide_programs; pyodide_programs.write('/work/hashes.json')"


@pytest.mark.skipif(shutil.which("node") is None, reason="Node runs Pyodide here, and is not installed")
def test_pyodide_and_cpython_compile_to_the_same_bytes(tmp_path: Path) -> None:
    for source in SOURCES:
        shutil.copytree(source, tmp_path / source.name, ignore=shutil.ignore_patterns("__pycache__"))
    for name, content in unpack(parts.numpy_wheel()[0]).items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(content)
    shutil.copy(pyodide_programs.__file__, tmp_path)
    (tmp_path / "main.py").write_text(SCRIPT)
    command = ["node", str(RUNNER), str(tmp_path / "main.py"), str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr[-2000:]
    assert json.loads((tmp_path / "hashes.json").read_text()) == pyodide_programs.hashes()
