"""Compiles Python files to bytecode for the page's interpreter, at build time instead of at each visit.

Without this, Pyodide spends most of its start on compiling the standard library, NumPy and our package. The compiler is
the Pyodide in node_modules, run by Node. sitebuild.prune and sitebuild.stdlib choose the files.
"""

import subprocess
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path

from scripts.sitebuild.archive import pack, unpack
from scripts.sitebuild.parts import ROOT, BuildError, npm_file, pyodide_version, sha256, write_atomically

CACHE = ROOT / ".cache" / "bytecode"
HERE = Path(__file__).parent
TIMEOUT_S = 300


def compiled(files: Mapping[str, bytes], names: Iterable[str], *, optimize: int = 0) -> dict[str, bytes]:
    """`files` with the Python files `names` replaced by their bytecode, `x.py` by `x.pyc`; the others are unchanged.

    Equal files give equal bytes: all of `names` are compiled in one new interpreter, in sorted order, because the
    bytecode of a file depends on what was compiled before it. Raises BuildError.
    """
    chosen = {name: files[name] for name in sorted(names)}
    scripts = [(HERE / name).read_bytes() for name in ("run_in_pyodide.mjs", "compile_all.py")]
    key = sha256(b"\0".join([pack(chosen), *scripts, f"{pyodide_version()} {optimize}".encode()]))
    cached = CACHE / f"{key}.zip"
    if cached.is_file():
        bytecode = unpack(cached.read_bytes())
    else:
        bytecode = _compile(chosen, optimize)
        write_atomically(cached, pack(bytecode))
    return {name: content for name, content in files.items() if name not in chosen} | bytecode


def _compile(files: Mapping[str, bytes], optimize: int) -> dict[str, bytes]:
    npm_file("pyodide/pyodide.mjs")  # raises an error with advice if it is missing
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / str(optimize)
        for name, content in files.items():
            write_atomically(root / name, content)
        command = ["node", str(HERE / "run_in_pyodide.mjs"), str(HERE / "compile_all.py"), folder]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=TIMEOUT_S)
        if done.returncode:
            raise BuildError(f"A Python file cannot be compiled for the page; correct it:\n{done.stderr.strip()}")
        return {path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*.pyc")}
