"""The browser's global scope as Pyodide shows it. Only tabgrad.interop imports it; it has no Python types."""

from typing import Any

def __getattr__(name: str) -> Any: ...
