"""The four archives of Python code that the page gets: standard library, NumPy, tinygrad, and our own package.

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
PAGE_LAYERS = ("__init__.py", "backends/", "ink/", "interop/", "program/", "protocol/", "ui/")
ON_DEMAND = "ui/inside/"


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


def tinygrad(package: Path) -> bytes:
    """tinygrad from its installed folder, pruned and compiled."""
    files = prune.tinygrad(package)
    return pack(compiled(files, _python(files)))


def tabgrad(package: Path) -> bytes:
    """Our own package from its source folder: bytecode without docstrings where the page waits for it."""
    paths = {path.relative_to(package).as_posix(): path for path in package.rglob("*.py")}
    files = {f"{package.name}/{name}": path.read_bytes() for name, path in paths.items()}
    page = [f"{package.name}/{name}" for name in paths if _at_boot(name)]
    return pack(compiled(files, page, optimize=2))


def _at_boot(name: str) -> bool:
    return name.startswith(PAGE_LAYERS) and not name.startswith(ON_DEMAND)


def _python(files: Mapping[str, bytes]) -> list[str]:
    return [name for name in files if name.endswith(".py")]
