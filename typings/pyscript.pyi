"""PyScript's Python API."""

from typing import Any

def __getattr__(name: str) -> Any: ...
