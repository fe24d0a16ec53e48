"""Prepares the interpreter for tinygrad as a pure compiler. Import it before tinygrad; it has no other use.

tinygrad reads its settings from the environment when it is imported. Here they turn off its kernel cache on disk and
its pool of processes, which a browser does not have. The cache imports sqlite3, which Pyodide lacks; as the cache is
off, an empty module is enough. That module can go when tinygrad imports sqlite3 lazily.
"""

import importlib.util
import os
import sys
import types

for _name in ("CACHELEVEL", "CCACHE", "PARALLEL"):
    os.environ.setdefault(_name, "0")
if importlib.util.find_spec("sqlite3") is None:
    sys.modules["sqlite3"] = types.ModuleType("sqlite3")
