"""The four archives of Python code in the site: standard library, NumPy, our own package, and the compiler.

Owns their form (bytecode or source, wheel or zip). sitebuild.stdlib and sitebuild.prune choose their files.
"""

from collections.abc import Mapping
from pathlib import Path

from scripts.sitebuild import prune, stdlib
from scripts.sitebuild.archive import pack, unpack
from scripts.sitebuild.bytecode import compiled

#: NumPy copies docstrings of this module to C functions, and fails without them.
NEEDS_DOCSTRINGS = "numpy/_core/multiarray.py"
#: The parts of our package that the page imports before the first prediction are bytecode. The others (the worker's
#: layers, and panels that open on demand) are source, which is smaller, and which the page can show as text.
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
#: These need tinygrad, so they are in the compiler's archive.
COMPILER_LAYERS = ("compiler/", "model/")


def standard_library(archive: bytes) -> bytes:
    """Pyodide's python_stdlib.zip without the modules that no page needs.

    Modules that the boot imports are bytecode without docstrings and asserts, which saves a sixth of their size. The
    others are source, which has half the size of bytecode.
    """
    files = {name: content for name, content in unpack(archive).items() if stdlib.wanted(name)}
    return pack(compiled(files, filter(stdlib.at_boot, files), optimize=2))


def numpy_wheel(wheel: bytes) -> bytes:
    """NumPy's wheel, pruned and compiled, without docstrings."""
    files = compiled(prune.numpy(wheel), [NEEDS_DOCSTRINGS])
    files = compiled(files, _python(files), optimize=2)
    (record,) = (name for name in files if name.endswith(".dist-info/RECORD"))
    # The wheel's list of its files. Hashes are optional in it, and the lock file has a hash of the whole wheel.
    files[record] = "".join(f"{name},,\n" for name in sorted(files)).encode()
    return pack(files)


def compiler(tinygrad: Path, tabgrad: Path) -> bytes:
    """tinygrad from its installed folder, pruned and compiled, and the layers of our package that need it."""
    files = prune.tinygrad(tinygrad)
    return pack({**compiled(files, _python(files)), **_sources(tabgrad, needs_compiler=True)})


def package(tabgrad: Path) -> bytes:
    """Our package from its source folder. What the page needs at boot is bytecode without docstrings."""
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
