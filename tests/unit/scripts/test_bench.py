"""The benchmarks: every section can be found and run, and the summary of its figures is right."""

import ast
import importlib.util
import inspect
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts import bench
from scripts.bench import sections
from scripts.bench.__main__ import main
from scripts.bench.context import summary
from scripts.bench.sections.inside import latencies


def test_the_sections_are_the_modules_of_their_package() -> None:
    assert sections.names() == ["boot", "goals", "inside", "peers", "session", "training", "wasm"]


@pytest.mark.parametrize("name", sections.names())
def test_a_section_has_a_run_function(name: str) -> None:
    run = importlib.import_module(f"scripts.bench.sections.{name}").run
    assert list(inspect.signature(run).parameters) == ["context"]


def page_imports(path: Path) -> Iterator[tuple[str, str]]:
    """(module, name) of each import from tabgrad in the Python code that a benchmark runs in its page."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Constant) and "\nfrom tabgrad" in str(node.value):
            code = f"async def main():\n{textwrap.indent(str(node.value), '    ')}"
            for found in ast.walk(ast.parse(code)):
                if isinstance(found, ast.ImportFrom) and (found.module or "").startswith("tabgrad"):
                    yield from ((str(found.module), alias.name) for alias in found.names)


def has(module: str, name: str) -> bool:
    """Whether a module defines or imports `name`, or has it as a submodule. Modules that need a browser are not run."""
    spec = importlib.util.find_spec(module)
    assert spec is not None, f"there is no {module}"
    source = ast.parse(Path(str(spec.origin)).read_text())
    names = {getattr(node, "name", "") for node in source.body}
    names |= {alias.name for node in source.body if isinstance(node, ast.ImportFrom) for alias in node.names}
    return name in names or bool(spec.submodule_search_locations and importlib.util.find_spec(f"{module}.{name}"))


@pytest.mark.parametrize("path", sorted(Path(bench.__file__).parent.rglob("*.py")), ids=lambda path: path.stem)
def test_imports_in_the_code_for_the_page_exist(path: Path) -> None:
    assert [found for found in page_imports(path) if not has(*found)] == []


def test_without_a_built_site_the_command_says_what_to_do(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--only", "boot", "--dist", str(tmp_path)]) == 1
    assert "run `make build` first" in capsys.readouterr().err


def test_summary() -> None:
    few = {"median": 2.0, "p95": 3.0, "p99": 3.0, "max": 3.0, "count": 3, "values": [1.0, 2.0, 3.0]}
    assert summary([3.0, 1.0, 2.004]) == few
    many = {"median": 50.0, "p95": 95.0, "p99": 99.0, "max": 100.0, "count": 101}
    assert summary(float(i) for i in range(101)) == many
    assert summary([])["median"] is None


def test_a_prediction_that_began_before_an_event_does_not_answer_it() -> None:
    events = [[0.0, 4.0], [16.0, 17.0], [32.0, 60.0]]
    answers = [[4.0, 10.0, 18.0], [10.0, 20.0, 30.0], [17.0, 40.0, 50.0], [60.0, 65.0, 80.0]]
    found = latencies(events, answers)
    assert found["bars_ms"] == pytest.approx([10, 24, 33])
    assert found["frame_ms"] == pytest.approx([18, 34, 48])


def test_an_event_without_an_answer_has_no_latency() -> None:
    assert latencies([[0.0, 1.0]], [[0.5, 2.0, 3.0]]) == {"bars_ms": [], "frame_ms": []}
