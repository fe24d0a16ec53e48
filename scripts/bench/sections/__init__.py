"""The sections of the benchmarks, one module each, with `run(context) -> dict`.

A section measures everything it compares in the same run, in alternating rounds: the speed of a machine changes from
minute to minute, so figures of different runs cannot be compared.
"""

from __future__ import annotations

import importlib
import pkgutil
from typing import Any

from scripts.bench.context import BenchContext


def names() -> list[str]:
    """The names of all sections, sorted: each module of this package is one."""
    return sorted(module.name for module in pkgutil.iter_modules(__path__))


def run(name: str, context: BenchContext) -> dict[str, Any]:
    """Measure the section `name`; returns its figures."""
    figures: dict[str, Any] = importlib.import_module(f"{__name__}.{name}").run(context)
    return figures
