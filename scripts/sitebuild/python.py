"""The four archives of Python code that the page gets: standard library, NumPy, our own package, and the compiler.

Owns their form (bytecode or source, wheel or zip). What goes in is chosen by sitebuild.stdlib and sitebuild.prune.
"""

from collections.abc import Mapping
from pathlib import Path

from scripts.sitebuild import prune, stdlib
from scripts.sitebuild.archive import pack, unpack
from scripts.sitebuild.bytecode import compiled

#: NumPy sets docstrings of C functions from those of this module, and fails without them.
NEEDS_DOCSTRINGS = "numpy/_core/multiarray.py"
#: What the page imports of our package before the first prediction. The rest stays source, which is smaller (and the
#: networks of `model` are shown and edited as text): the worker's layers, and panels that open on demand.
PAGE_LAYERS = (
    "__init__.py",
    "artifacts/",
    "backends/",
    "ink/",
    "interop/",
    "metrics/",
    "network/",
    "program/",
    "protocol/",
    "settings/",
    "storage/",
    "ui/",
)
ON_DEMAND = "ui/inspect/"
#: What is of no use without tinygrad travels with it, when a network is compiled live.
COMPILER_LAYERS = ("compiler/", "model/")


def standard_library(archive: bytes) -> bytes:
    """Pyodide's python_stdlib.zip without what no page needs, compiled where the boot imports it.

    The other modules stay source, which is half the size. No docstrings and no asserts: a sixth of the size.
    """
    files = {name: content for name, content in unpack(archive).items() if stdlib.wanted(name)}
    return pack(compiled(files, filter(stdlib.at_boot, files), optimize=2))


def numpy_wheel(wheel: bytes) -> bytes:
    """NumPy's wheel, pruned and compiled, without docstrings."""
    files = compiled(prune.numpy(wheel), [NEEDS_DOCSTRINGS])
    files = compiled(files, _python(files), optimize=2)
    (record,) = (name for name in files if name.endswith(".dist-info/RECORD"))
    # The wheel's list of its own files; hashes are optional there, and the lock file has one of the whole.
    files[record] = "".join(f"{name},,\n" for name in sorted(files)).encode()
    return pack(files)


def compiler(tinygrad: Path, tabgrad: Path) -> bytes:
    """tinygrad from its installed folder, pruned and compiled; and the layers of our own that need it."""
    files = prune.tinygrad(tinygrad)
    return pack({**compiled(files, _python(files)), **_sources(tabgrad, needs_compiler=True)})


def package(tabgrad: Path) -> bytes:
    """Our own package from its source folder: bytecode without docstrings where the page waits for it."""
    files = _sources(tabgrad, needs_compiler=False)
    return pack(compiled(files, filter(_at_boot, files), optimize=2))


def _sources(tabgrad: Path, needs_compiler: bool) -> dict[str, bytes]:
    paths = {path.relative_to(tabgrad).as_posix(): path for path in tabgrad.rglob("*.py")}
    wanted = (name for name in paths if name.startswith(COMPILER_LAYERS) == needs_compiler)
    return {f"{tabgrad.name}/{name}": paths[name].read_bytes() for name in wanted}


def _at_boot(file: str) -> bool:
    name = file.partition("/")[2]
    return name.startswith(PAGE_LAYERS) and not name.startswith(ON_DEMAND)


def _python(files: Mapping[str, bytes]) -> list[str]:
    return [name for name in files if name.endswith(".py")]
