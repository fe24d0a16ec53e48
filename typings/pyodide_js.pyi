"""The running Pyodide interpreter's JavaScript API."""

from typing import Any

def __getattr__(name: str) -> Any: ...
