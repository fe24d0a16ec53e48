"""The package's structure: layers import downward only, nothing is circular, packages are used through their faces.

Imports inside functions and under TYPE_CHECKING count like any other.
"""

import ast
import re
import sys
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[2] / "py"
ROOT = SOURCE / "tabgrad"

#: What each layer may import besides itself. Written out, so that a new dependency is a decision. `tinygrad_device` is
#: a package of its own, beside `tabgrad`.
MAY_IMPORT: dict[str, set[str]] = {
    "interop": set(),
    "storage": set(),
    "incoming": set(),
    "alphabet": {"incoming"},
    "ink": set(),
    "program": {"incoming"},
    "network": {"incoming", "program"},
    "metrics": {"alphabet"},
    "backends": {"incoming", "interop", "metrics", "network", "program", "storage"},
    "data": {"alphabet", "incoming", "ink", "storage"},
    "settings": {"alphabet", "backends", "data", "incoming", "network"},
    "protocol": {"incoming", "metrics"},
    "artifacts": {"alphabet", "data", "incoming", "metrics", "network", "protocol", "settings"},
    "compiler": {"incoming", "program"},
    "tinygrad_device": {"backends", "compiler"},
    "model": {"compiler", "network", "program", "tinygrad_device"},
    "explain": {"data", "ink", "network", "program"},
    "session": {
        *("alphabet", "artifacts", "backends", "data", "incoming", "interop", "metrics", "model", "network"),
        *("program", "protocol", "settings", "storage"),
    },
    "ui": {
        *("alphabet", "artifacts", "backends", "data", "explain", "incoming", "ink", "interop", "metrics", "network"),
        *("program", "protocol", "settings", "storage"),
    },
}
#: What parses JSON itself, because the site or this page has written it: the manifest, and the worker's configuration.
PARSES_OWN_JSON = {"tabgrad.incoming.reading", "tabgrad.interop.dom", "tabgrad.interop.worker", "tabgrad.session.entry"}
BROWSER = {"js", "pyodide", "pyodide_js", "pyscript"}
FILES = sorted([*ROOT.rglob("*.py"), *(SOURCE / "tinygrad_device").rglob("*.py")])


def module_name(path: Path) -> str:
    """`tabgrad.ink.sheet`; a package's `__init__.py` has the package's name."""
    return ".".join(path.relative_to(SOURCE).with_suffix("").parts).removesuffix(".__init__")


MODULES: dict[str, Path] = {module_name(path): path for path in FILES}


def is_package(module: str) -> bool:
    return module in MODULES and MODULES[module].name == "__init__.py"


@cache
def imports(module: str) -> frozenset[tuple[str, str]]:
    """What a module imports, wherever in the file: (module, name in it), the name empty for a plain `import`."""
    here = module.split(".") if is_package(module) else module.split(".")[:-1]
    found = set()
    for node in ast.walk(ast.parse(MODULES[module].read_text())):
        if isinstance(node, ast.Import):
            found |= {(alias.name, "") for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = here[: len(here) - node.level + 1] if node.level else []
            source = ".".join([*base, *filter(None, [node.module])])
            found |= {(source, alias.name) for alias in node.names}
    return frozenset(found)


def targets(module: str) -> set[str]:
    """The modules of the package that a module imports."""
    return {f"{source}.{name}" if f"{source}.{name}" in MODULES else source for source, name in imports(module)} & (
        MODULES.keys() - {module}
    )


def layer(module: str) -> str:
    return module.removeprefix("tabgrad.").split(".")[0]


@pytest.mark.parametrize("module", [m for m in MODULES if m != "tabgrad"])
def test_imports_point_downward(module: str) -> None:
    used = {layer(target) for target in targets(module) if target != "tabgrad"}
    assert used <= MAY_IMPORT[layer(module)] | {layer(module)}


def test_every_permission_is_used() -> None:
    used = {
        name: {layer(t) for m in MODULES if layer(m) == name for t in targets(m) if t != "tabgrad"}
        for name in MAY_IMPORT
    }
    assert {name: may - used[name] for name, may in MAY_IMPORT.items() if may - used[name]} == {}


@pytest.mark.parametrize("module", MODULES)
def test_only_interop_imports_the_browser(module: str) -> None:
    if not module.startswith("tabgrad.interop"):
        assert not {source.split(".")[0] for source, _ in imports(module)} & BROWSER


@pytest.mark.parametrize("module", MODULES)
def test_other_packages_are_imported_only_where_they_are_installed(module: str) -> None:
    """The page has the standard library and NumPy; tinygrad comes with the compiler, the others only with CPython."""
    allowed = {"tabgrad", "tinygrad_device", "numpy", *sys.stdlib_module_names}
    if module.startswith("tabgrad.interop"):
        allowed |= BROWSER
    if module.startswith(("tabgrad.compiler", "tabgrad.model", "tinygrad_device")):
        allowed |= {"tinygrad"}
    if module.endswith(".native"):
        allowed |= {"wasmtime", "wgpu"}
    assert {source.split(".")[0] for source, _ in imports(module)} <= allowed


def test_nothing_is_imported_by_a_name_made_at_run_time() -> None:
    """What the other tests could not see."""
    assert [m for m, path in MODULES.items() if re.search(r"\b(__import__|import_module)\b", path.read_text())] == []


def test_json_from_outside_is_read_in_one_place() -> None:
    """Deep nesting ends Python in the browser: see `incoming.reading`."""
    parses = {m for m, path in MODULES.items() if re.search(r"\bjson\.loads?\b|JSONDecoder", path.read_text())}
    assert parses == PARSES_OWN_JSON
    assert [m for m in MODULES if ("json", "loads") in imports(m) or ("json", "load") in imports(m)] == []


def test_the_package_itself_imports_nothing() -> None:
    assert imports("tabgrad") == frozenset()


def test_layers_stand_in_their_order() -> None:
    names = list(MAY_IMPORT)
    assert [name for i, name in enumerate(names) if not MAY_IMPORT[name] <= set(names[:i])] == []


def test_every_package_is_a_layer() -> None:
    folders = {p.name for folder in (ROOT, SOURCE) for p in folder.iterdir() if p.is_dir()}
    assert folders - {"__pycache__", "tabgrad"} == MAY_IMPORT.keys()


def circle(graph: Mapping[str, set[str]]) -> list[str]:
    """A circle in a graph, from a node back to itself; empty if there is none."""
    done, path = set[str](), list[str]()

    def visit(node: str) -> list[str]:
        if node in path:
            return [*path[path.index(node) :], node]
        if node in done:
            return []
        path.append(node)
        for other in sorted(graph.get(node, ())):
            if found := visit(other):
                return found
        done.add(path.pop())
        return []

    return next((found for node in sorted(graph) if (found := visit(node))), [])


def children(package: str) -> dict[str, set[str]]:
    """What lies directly in a package, modules and packages, and which of them import which."""
    depth = package.count(".") + 1
    inside = [m for m in MODULES if m.startswith(f"{package}.")]

    def child(module: str) -> str:
        return ".".join(module.split(".")[: depth + 1])

    graph: dict[str, set[str]] = {child(m): set() for m in inside}
    for module in inside:
        graph[child(module)] |= {child(t) for t in targets(module) if t in inside} - {child(module)}
    return graph


def test_no_modules_import_each_other_in_a_circle() -> None:
    assert circle({module: targets(module) for module in MODULES}) == []


@pytest.mark.parametrize("package", [m for m in MODULES if is_package(m)])
def test_no_packages_import_each_other_in_a_circle(package: str) -> None:
    assert circle(children(package)) == []


@cache
def face(package: str) -> frozenset[str]:
    """The names in a package's `__all__`: what others may use of it, classes and modules alike."""
    for node in ast.parse(MODULES[package].read_text()).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
            return frozenset(ast.literal_eval(node.value))
    return frozenset()


def offered_modules(package: str) -> frozenset[str]:
    """The modules in a package's face. `network.stages` is none: there the function hides the module of its name."""
    return face(package) - {name for source, name in imports(package) if source != package}


def past_faces(module: str) -> Iterator[str]:
    """Imports of a module that go past the face of a package which the module is not part of."""
    for source, name in imports(module):
        if source.split(".")[0] != "tabgrad":
            continue
        parts = [*source.split("."), *filter(None, [name])]
        for i in range(1, len(parts)):
            package = ".".join(parts[:i])
            inside = module == package or module.startswith(f"{package}.")
            offered = face(package) if name and i == len(parts) - 1 else offered_modules(package)
            if is_package(package) and package != "tabgrad" and not inside and parts[i] not in offered:
                yield f"{package} does not offer {parts[i]}"


@pytest.mark.parametrize("module", MODULES)
def test_nothing_is_imported_past_a_face(module: str) -> None:
    assert list(past_faces(module)) == []
