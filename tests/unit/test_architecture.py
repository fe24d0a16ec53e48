"""Layers import downward only, and the browser is imported in one place."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2] / "py" / "tabgrad"

#: What each layer may import besides itself. Written out, so that a new dependency is a decision.
MAY_IMPORT: dict[str, set[str]] = {
    "interop": set(),
    "storage": set(),
    "ink": set(),
    "program": set(),
    "network": {"program"},
    "metrics": set(),
    "backends": {"interop", "metrics", "network", "program", "storage"},
    "data": {"ink"},
    "settings": {"backends", "data", "network"},
    "artifacts": {"network", "program", "protocol", "session", "settings"},
    "protocol": set(),
    "compiler": {"program"},
    "model": {"compiler", "network", "program"},
    "explain": {"backends", "data", "ink", "metrics", "network", "program"},
    "session": {
        *("artifacts", "backends", "data", "interop", "metrics", "model", "network"),
        *("program", "protocol", "settings", "storage"),
    },
    "ui": {
        *("artifacts", "backends", "data", "explain", "ink", "interop", "metrics", "network"),
        *("program", "protocol", "settings", "storage"),
    },
}
BROWSER = {"js", "pyodide", "pyodide_js", "pyscript"}
FILES = sorted(ROOT.rglob("*.py"))


def imports(path: Path) -> set[str]:
    """Absolute names of the modules that a file imports, wherever in the file it does so."""
    package = ("tabgrad", *path.relative_to(ROOT).parent.parts)
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else ()
            module = ".".join((*base, *filter(None, [node.module])))
            found |= {module} | {f"{module}.{alias.name}" for alias in node.names}
    return found


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(ROOT)))
def test_imports_point_downward(path: Path) -> None:
    layer = path.relative_to(ROOT).parts[0].removesuffix(".py")
    if layer == "__init__":
        return
    used = {name.split(".")[1] for name in imports(path) if name.startswith("tabgrad.")}
    assert used & MAY_IMPORT.keys() <= MAY_IMPORT[layer] | {layer}


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(ROOT)))
def test_only_interop_imports_the_browser(path: Path) -> None:
    if path.relative_to(ROOT).parts[0] != "interop":
        assert not {name.split(".")[0] for name in imports(path)} & BROWSER


def test_every_package_is_listed() -> None:
    assert {p.name for p in ROOT.iterdir() if p.is_dir() and p.name != "__pycache__"} <= MAY_IMPORT.keys()
