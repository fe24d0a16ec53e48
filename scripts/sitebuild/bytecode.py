"""Compiles Python files to the bytecode of the page's own interpreter, at build time instead of at every visit.

Most of Pyodide's start is Python compiling its standard library: with bytecode it starts in a fraction of the time, and
NumPy's and our own imports gain as much. The compiler is the Pyodide of node_modules, run by Node. Never decides which
files: sitebuild.prune does.
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
    """`files` with the Python files `names` replaced by their bytecode, `x.py` by `x.pyc`; the rest stays as it is.

    Equal files give equal bytes: all of `names` are compiled in one fresh interpreter, in order, because what Python
    shares between compiled files depends on what it has compiled before. Raises BuildError with one sentence.
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
    npm_file("pyodide/pyodide.mjs")  # says what to do where it is missing
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / str(optimize)
        for name, content in files.items():
            write_atomically(root / name, content)
        command = ["node", str(HERE / "run_in_pyodide.mjs"), str(HERE / "compile_all.py"), folder]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=TIMEOUT_S)
        if done.returncode:
            raise BuildError(f"Python files could not be compiled for the page:\n{done.stderr.strip()}")
        return {path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*.pyc")}
