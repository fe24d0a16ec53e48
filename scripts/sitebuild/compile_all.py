"""Runs in Pyodide: compiles every /mounted/OPTIMIZE/**.py to a .pyc beside it, for sitebuild.bytecode.

OPTIMIZE is Python's level: 0, or 2 for no docstrings and no asserts.
"""

import py_compile
from pathlib import Path

# "Unchecked": the page never compares a file with a source that it does not have.
MODE = py_compile.PycInvalidationMode.UNCHECKED_HASH

for level in sorted(Path("/mounted").iterdir()):
    for source in sorted(level.rglob("*.py")):
        name = str(source.relative_to(level))  # what tracebacks show
        target = str(source.with_suffix(".pyc"))
        py_compile.compile(
            str(source), target, dfile=name, doraise=True, optimize=int(level.name), invalidation_mode=MODE
        )
