"""Parts of the site: reproducible zips, names with hashes, pruning that keeps what is needed, a complete page."""

import importlib.util
import json
import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scripts.sitebuild import archive, output, page, parts, prune, python, stdlib

ROOT = Path(__file__).parents[3]
NAMES = st.from_regex(r"[a-z]{1,8}(/[a-z]{1,8})?\.(py|js|bin)", fullmatch=True)


@given(st.dictionaries(NAMES, st.binary(max_size=200)))
def test_a_zip_depends_only_on_its_files(files: dict[str, bytes]) -> None:
    backwards = dict(reversed(files.items()))
    assert archive.pack(files) == archive.pack(backwards)
    assert archive.unpack(archive.pack(files)) == files


@given(NAMES, st.binary(max_size=50), st.binary(max_size=50))
def test_a_url_changes_exactly_when_the_content_does(name: str, one: bytes, other: bytes) -> None:
    site = output.Site()
    url = site.add(name, one)
    assert output.is_hashed(url)
    assert site.files[url] == one
    assert (site.add(name, other) == url) == (one == other)


def test_entry_points_keep_their_names() -> None:
    assert not any(map(output.is_hashed, ("index.html", "sw.js", "models/mlp/card.json", "some-folder/file.js")))


def test_a_folder_gets_a_new_url_when_one_of_its_files_changes() -> None:
    site = output.Site()
    url = site.add_folder("part", {"a.js": b"1", "b.js": b"2"})
    assert site.files[f"{url}a.js"] == b"1"
    assert output.is_hashed(f"{url}a.js")
    assert site.add_folder("part", {"a.js": b"1", "b.js": b"3"}) != url
    assert site.add_folder("part", {"b.js": b"2", "a.js": b"1"}) == url


def test_writing_replaces_the_old_site(tmp_path: Path) -> None:
    folder = tmp_path / "dist"
    for content in (b"old", b"new"):
        site = output.Site()
        url = site.add("deep/file.txt", content)
        site.write(folder)
        assert [p for p in tmp_path.rglob("*") if p.is_file()] == [folder / url]
        assert (folder / url).read_bytes() == content


KEPT_OF_NUMPY = ["numpy/__init__.py", "numpy/random/mtrand.so", "numpy/linalg/_umath_linalg.so", "numpy/typing/a.py"]


def test_pruning_numpy_removes_what_the_page_never_imports() -> None:
    cut = ["numpy/fft/_p.so", "numpy/tests/test_x.py", "numpy/random/tests/data/x.csv", "numpy/__init__.pyi"]
    cut += ["numpy/_core/include/a.h", "numpy/linalg/lapack_lite.cpython-313.so"]
    files = dict.fromkeys([*KEPT_OF_NUMPY, *cut, "numpy-2.dist-info/RECORD"], b"x")
    assert prune.numpy(archive.pack(files)).keys() == {*KEPT_OF_NUMPY, "numpy-2.dist-info/RECORD"}


def test_the_numpy_wheel_lists_exactly_its_own_files() -> None:
    files = archive.unpack(python.numpy_wheel(parts.numpy_wheel()[0]))
    (record,) = (name for name in files if name.endswith("RECORD"))
    assert [row.split(",")[0] for row in files[record].decode().splitlines()] == sorted(files)


def test_bytecode_replaces_the_chosen_sources_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = {
        "a/one.py": b'"""Doc."""\nassert False\nVALUE = {"b", "a", "c"}\n',
        "a/two.py": b"x = 1\n",
        "data.bin": b"\0",
    }
    results = []
    for name in ("first", "second"):
        monkeypatch.setattr(python, "CACHE", tmp_path / name)
        results.append(python.compiled(files, ["a/one.py"], optimize=2))
    assert results[0] == results[1]  # two compilations give the same bytes
    assert results[0].keys() == {"a/one.pyc", "a/two.py", "data.bin"}
    assert b"Doc." not in results[0]["a/one.pyc"]
    assert b"a/one.py" in results[0]["a/one.pyc"]  # the name in tracebacks


def test_a_source_that_does_not_compile_stops_the_build(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(python, "CACHE", tmp_path)
    with pytest.raises(parts.BuildError, match=r"broken\.py"):
        python.compiled({"broken.py": b"def f(:"}, ["broken.py"])


def test_the_standard_library_follows_its_lists() -> None:
    original = archive.unpack(parts.npm_file("pyodide/python_stdlib.zip"))
    names = archive.unpack(python.standard_library(parts.npm_file("pyodide/python_stdlib.zip"))).keys()
    assert {"asyncio/__init__.pyc", "encodings/utf_8.pyc", "statistics.py"} <= names
    assert not any(name.startswith(("unittest/", "xml/")) for name in names)
    # All names in the lists must exist in this version of Pyodide.
    tops = {name.split("/")[0].removesuffix(".py") for name in original}
    assert tops >= stdlib.AT_BOOT
    assert original.keys() >= stdlib.FILES_AT_BOOT | stdlib.DROPPED_FILES


def test_pyodide_makes_its_shared_memory_only_when_it_is_needed() -> None:
    module = parts.npm_file("pyodide/pyodide.asm.js")
    lazy = prune.pyodide_module(module)
    assert module.count(b"shared:!0") == lazy.count(b"shared:!0") == 1
    assert b"??=new Int32Array(new WebAssembly.Memory({shared:!0" in lazy
    assert abs(len(lazy) - len(module)) < 20
    with pytest.raises(parts.BuildError, match="another way"):
        prune.pyodide_module(lazy)


def test_tinygrad_from_the_pruned_zip_compiles_for_both_targets_and_computes(tmp_path: Path) -> None:
    """The worker has nothing else of tinygrad, so a module that was removed by mistake makes this fail."""
    installed = importlib.util.find_spec("tinygrad")
    assert installed is not None
    assert installed.origin is not None
    # Unpacked, as in the worker, because tinygrad searches its folder for device drivers.
    for name, content in prune.tinygrad(Path(installed.origin).parent).items():
        parts.write_atomically(tmp_path / name, content)
    code = textwrap.dedent("""
        import json, sys, tinygrad
        from tabgrad import model
        assert tinygrad.__file__.startswith(sys.argv[2]), tinygrad.__file__
        spec = json.loads(sys.argv[1])
        for target, variant in (("wgsl", "default"), ("wgsl", "sw"), ("wasm", "simd")):
            model.training(spec, model.Training(batch=4), target, variant)
            print(target, variant)
        import tinygrad_device
        print((tinygrad.Tensor([1, 2, 3], device="WASM") * 2).tolist(), tinygrad.Tensor.arange(3).numpy())
    """)
    spec = json.loads((ROOT / "models" / "mlp" / "card.json").read_text())["spec"]
    done = subprocess.run(
        [sys.executable, "-c", code, json.dumps(spec), str(tmp_path)],
        env={**os.environ, "PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT / 'py'}"},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == ["wgsl default", "wgsl sw", "wasm simd", "[2, 4, 6] [0 1 2]"]


def test_the_workers_archive_has_the_device() -> None:
    spec = importlib.util.find_spec("tinygrad")
    assert spec is not None
    assert spec.origin is not None
    files = archive.unpack(python.compiler(Path(spec.origin).parent, ROOT / "py" / "tabgrad"))
    assert {"tinygrad_device/__init__.py", "tinygrad_device/ops_wasm.py", "tabgrad/compiler/stub.py"} <= files.keys()
    assert not any(name.endswith((".md", "native.py")) for name in files)


def test_pyscript_keeps_what_its_core_imports() -> None:
    dist = {
        "core.js": b'export{a}from"./core-X1.js";\n//# sourceMappingURL=core.js.map\n',
        "core-X1.js": b'import{b}from "./chunk.js";import("./editor.js");',
        "chunk.js": b"",
        "error-Y2.js": b"",
        "editor.js": b"",
    }
    kept = prune.pyscript(dist)
    assert kept.keys() == {"core.js", "core-X1.js", "chunk.js", "error-Y2.js"}
    assert b"sourceMappingURL" not in kept["core.js"]


def test_pyscript_needs_no_storage_and_its_worker_is_a_file() -> None:
    """Not the names but the calls: its classes for that stay, and are never made."""
    dist = parts.NODE_MODULES / "@pyscript" / "core" / "dist"
    (core,) = dist.glob("core-*.js")
    changed, worker = prune.pyscript_core(core.read_bytes())
    for script in (changed, worker):
        assert script.count(b"=Object.assign(new Map,{sync(){},close(){}})") == 1
    assert prune.WORKER_FILE.encode() in changed
    assert len(changed) + len(worker) < 1.02 * len(core.read_bytes())
    with pytest.raises(parts.BuildError, match="in another way now"):
        prune.pyscript_core(changed)


def test_an_unknown_placeholder_stops_the_build() -> None:
    assert page.fill('<a href="{{x.js}}">', {"x.js": 'a"b'}, lambda _: None) == '<a href="a&quot;b">'
    with pytest.raises(parts.BuildError, match=r"\{\{missing\.js\}\}"):
        page.fill("{{missing.js}}", {}, lambda _: None)


def test_inline_json_cannot_end_its_script_element() -> None:
    value = {"text": "</script><script>alert(1)</script>"}
    assert "<" not in page.inline_json(value)
    assert json.loads(page.inline_json(value)) == value


def test_a_missing_npm_package_is_explained() -> None:
    with pytest.raises(parts.BuildError, match="npm ci"):
        parts.npm_file("no-such-package/file.js")


def test_numpy_comes_from_the_npm_package_if_the_cdn_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts, "CACHE", tmp_path)
    for answer in (None, b"an error page of a proxy"):
        monkeypatch.setattr(parts, "download", lambda url, answer=answer: answer)
        content, origin = parts.numpy_wheel()
        assert parts.sha256(content) == parts.FALLBACK_SHA256
        assert "cannot be reached" in origin
    assert not list(tmp_path.iterdir())  # a wrong file is not cached


def test_numpy_is_downloaded_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    content = b"the official wheel"
    lock = {"packages": {"numpy": {"file_name": "numpy.whl", "sha256": parts.sha256(content)}}}
    monkeypatch.setattr(parts, "CACHE", tmp_path)
    monkeypatch.setattr(parts, "pyodide_lock", lambda: lock)

    def download(url: str) -> bytes:
        asked.append(url)
        return content

    monkeypatch.setattr(parts, "download", download)
    assert [parts.numpy_wheel()[0], parts.numpy_wheel()[0]] == [content, content]
    assert len(asked) == 1


#: Imports what the page does by the time that its training panel and the example of a first visit are there; the
#: browser's own modules are stand-ins.
PAGE_START = """
import sys
from unittest.mock import MagicMock
for name in ("js", "pyodide", "pyodide.ffi", "pyodide_js", "pyscript"):
    sys.modules[name] = MagicMock()
sys.modules["pyodide.ffi"].JsProxy = type("JsProxy", (), {})
import tabgrad.backends.wasm, tabgrad.backends.webgpu, tabgrad.ui.app, tabgrad.ui.train.panel
import tabgrad.ui.intro.intro, tabgrad.ui.pad.ghost
print(*(module.__file__ for name, module in sys.modules.items() if name.startswith("tabgrad")))
"""
#: Imported at the start, too, but only in a browser: an engine is opened there.
IN_BROWSER = {"interop/webassembly.py", "interop/webgpu.py"}


def test_what_the_page_imports_at_its_start_is_bytecode_and_nothing_else_is() -> None:
    package = ROOT / "py" / "tabgrad"
    command, environment = [sys.executable, "-c", PAGE_START], os.environ | {"PYTHONPATH": str(package.parent)}
    printed = subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout
    imported = {Path(file).relative_to(package).as_posix() for file in printed.split()}
    shipped = {path.relative_to(package).as_posix() for path in package.rglob("*.py") if path.name != python.NATIVE}
    assert {name for name in shipped if python.is_bytecode(f"tabgrad/{name}")} == imported | IN_BROWSER
