"""Runs Python under Pyodide in Node, with NumPy, tinygrad and our package: the page's Python without a browser."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import tinygrad

from scripts.sitebuild import parts
from scripts.sitebuild.archive import unpack

RUNNER = parts.ROOT / "scripts" / "sitebuild" / "run_in_pyodide.mjs"
SOURCES = (Path(tinygrad.__file__).parent, *(parts.ROOT / "py" / name for name in ("tabgrad", "tinygrad_device")))
TIMEOUT_S = 600


def run_python(code: str, folder: Path) -> None:
    """Run `code`, for which `folder` is /mounted. Raises RuntimeError with the traceback if it fails."""
    for source in SOURCES:
        shutil.copytree(source, folder / source.name, ignore=shutil.ignore_patterns("__pycache__"))
    for name, content in unpack(parts.numpy_wheel()[0]).items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    script = folder / "main.py"
    script.write_text(f"import sys\nsys.path.insert(0, '/mounted')\n{code}")
    command = ["node", str(RUNNER), str(script), str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=TIMEOUT_S)
    if done.returncode:
        raise RuntimeError(f"Python failed under Pyodide:\n{done.stderr[-2000:]}")
