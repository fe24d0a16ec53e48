"""Prepares the interpreter for tinygrad as a pure compiler. Imported before tinygrad, by `compiler` and `model`.

tinygrad reads its settings from the environment at import: no kernel cache on disk, no worker pool (there are no
processes in a browser). Its cache imports sqlite3, which Pyodide ships without; the cache is off, so an empty
module does. It can go when tinygrad imports sqlite3 lazily.
"""

import importlib.util
import os
import sys
import types

for _name in ("CACHELEVEL", "CCACHE", "PARALLEL"):
    os.environ.setdefault(_name, "0")
if importlib.util.find_spec("sqlite3") is None:
    sys.modules["sqlite3"] = types.ModuleType("sqlite3")
