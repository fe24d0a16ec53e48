"""The frame of the measurements: every section can be found and run, and figures are summed up rightly."""

import importlib
import inspect

import pytest

from scripts import bench


@pytest.mark.parametrize("name", bench.sections())
def test_a_section_is_a_module_with_a_run_function(name: str) -> None:
    run = importlib.import_module(f"scripts.bench_{name}").run
    assert list(inspect.signature(run).parameters) == ["context"]


def test_summary() -> None:
    few = {"median": 2.0, "p95": 3.0, "p99": 3.0, "max": 3.0, "count": 3, "values": [1.0, 2.0, 3.0]}
    assert bench.summary([3.0, 1.0, 2.004]) == few
    many = {"median": 50.0, "p95": 95.0, "p99": 99.0, "max": 100.0, "count": 101}
    assert bench.summary(float(i) for i in range(101)) == many
    assert bench.summary([])["median"] is None
