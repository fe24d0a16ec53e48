"""Runs in Pyodide, for sitebuild.python: compiles each /mounted/OPTIMIZE/**.py to a .pyc next to it.

OPTIMIZE is Python's optimization level: 0, or 2 for no docstrings and no asserts.
"""

import py_compile
from pathlib import Path

# "Unchecked", because the page has no source files to compare with.
MODE = py_compile.PycInvalidationMode.UNCHECKED_HASH

for level in sorted(Path("/mounted").iterdir()):
    for source in sorted(level.rglob("*.py")):
        name = str(source.relative_to(level))  # as shown in tracebacks
        target = str(source.with_suffix(".pyc"))
        py_compile.compile(
            str(source), target, dfile=name, doraise=True, optimize=int(level.name), invalidation_mode=MODE
        )
