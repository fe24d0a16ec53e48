"""The browser, seen from Python: the only package that imports `js`, `pyodide`, `pyodide_js` and `pyscript`.

Each module is public and stands alone; it owns one part of the browser and decides nothing.

    from tabgrad.interop import dom
    dom.create("p", dom.by_id("app"), text="Hello")

Importing this package imports none of them, so that it can be asked `IN_BROWSER` anywhere.
"""

import sys

#: Whether Python runs in a browser: in Pyodide, which is compiled with Emscripten.
IN_BROWSER: bool = sys.platform == "emscripten"

__all__ = [
    "IN_BROWSER",
    "chart",
    "chosen",
    "clock",
    "code_editor",
    "convert",
    "dom",
    "erasing",
    "files",
    "folder",
    "indexed_db",
    "page",
    "pictures",
    "storage",
    "tab_lock",
    "webassembly",
    "webgpu",
    "worker",
]
