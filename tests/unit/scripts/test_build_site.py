"""The built site is complete, reproducible and self-hosted, with relative URLs. Needs node_modules, like the build."""

import gzip
import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from scripts import build as building
from scripts.sitebuild import output, parts
from tabgrad.ui.code.examples import EXAMPLES


class Inline(HTMLParser):
    """Collects the manifest, the policy and all URLs in index.html."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.urls: list[str] = []
        self.policy = self.manifest = ""
        self._inside = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        have = dict(attrs)
        self.urls += [value for name in ("src", "href") if (value := have.get(name)) and not value.startswith("#")]
        if have.get("http-equiv") == "Content-Security-Policy":
            self.policy = have["content"] or ""
        self._inside = have.get("id") == "manifest"

    def handle_data(self, data: str) -> None:
        if self._inside:
            self.manifest += data

    def handle_endtag(self, tag: str) -> None:
        self._inside = False


@pytest.fixture(scope="module")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("build") / "dist"
    building.build(folder, None)
    return folder


@pytest.fixture(scope="module")
def index(dist: Path) -> Inline:
    return Inline((dist / "index.html").read_text())


def urls_in(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [url for item in value.values() for url in urls_in(item)]
    return [value] if isinstance(value, str) else []


def files_of(dist: Path) -> dict[str, bytes]:
    return {p.relative_to(dist).as_posix(): p.read_bytes() for p in dist.rglob("*") if p.is_file()}


def test_all_urls_are_relative_and_exist(dist: Path, index: Inline) -> None:
    manifest = json.loads(index.manifest)
    version = manifest.pop("version")
    packages = manifest["pyodide"].pop("packages")
    named = [*index.urls, *urls_in(manifest), *manifest["sizes"]]
    assert packages == ["numpy"]
    assert re.fullmatch(r"[\d.]+\+[0-9a-f]{10}", version)
    for url in named:
        assert not re.match(r"[a-z]+:|/", url), f"{url} is not relative"
        assert (dist / url).exists(), url


def test_the_manifest_has_every_model_and_training_program(index: Inline) -> None:
    manifest = json.loads(index.manifest)
    for card in building.MODELS.glob("*/card.json"):
        programs = manifest["models"][card.parent.name]["programs"]
        assert programs.keys() == {path.stem for path in card.parent.glob("programs/*.json")}
        assert "infer.wgsl.default" in programs
    assert manifest["training"].keys() == {path.stem for path in building.TRAINING.glob("*.json")}
    assert manifest["data"] == {"mnist": None}


def test_only_the_entry_points_have_no_hash_in_their_names(dist: Path) -> None:
    assert {url for url in files_of(dist) if not output.is_hashed(url)} == {"index.html", "sw.js", "licences.txt"}


def test_the_licence_of_every_part_is_included(dist: Path) -> None:
    text = (dist / "licences.txt").read_text()
    for words in (
        "MIT License",
        "Mozilla Public License",
        "PSF License",
        "Apache License",
        "NumPy Developers",
        "SIL OPEN FONT",
        "@codemirror/view",
        "style-mod",
        "Marijn Haverbeke",
    ):
        assert words in text


def test_the_editor_is_small_and_comes_with_every_example(dist: Path, index: Inline) -> None:
    manifest = json.loads(index.manifest)
    code = manifest["code"]
    assert code["examples"].keys() == EXAMPLES.keys()
    assert len(gzip.compress((dist / code["editor"]).read_bytes(), 9)) < 150_000
    assert code["editor"] not in manifest["sizes"], "the start does not wait for it"


def test_the_manifest_has_the_sizes_of_the_files(dist: Path, index: Inline) -> None:
    sizes = json.loads(index.manifest)["sizes"]
    assert {url: (dist / url).stat().st_size for url in sizes} == sizes
    assert any(url.endswith("pyodide.asm.wasm") for url in sizes)


def test_the_lock_file_has_the_hash_of_the_pruned_numpy(dist: Path, index: Inline) -> None:
    folder = dist / json.loads(index.manifest)["pyodide"]["index_url"]
    lock = json.loads((folder / "pyodide-lock.json").read_text())
    assert lock["packages"].keys() == {"numpy"}
    numpy = lock["packages"]["numpy"]
    assert parts.sha256((folder / numpy["file_name"]).read_bytes()) == numpy["sha256"]


def test_the_policy_allows_nothing_from_other_origins(index: Inline) -> None:
    assert index.policy.startswith("default-src 'self'")
    assert not re.search(r"https?:|\*|'unsafe-inline'", index.policy)


def test_the_service_worker_lists_every_file(dist: Path) -> None:
    first_line = (dist / "sw.js").read_text().splitlines()[0]
    lists = json.loads(first_line.removeprefix("const BUILD = ").removesuffix(";"))
    assert sorted([*lists["files"], *lists["data"], "sw.js"]) == sorted(files_of(dist))


def test_the_same_input_gives_the_same_bytes(dist: Path, tmp_path: Path) -> None:
    building.build(tmp_path / "again", None)
    assert files_of(tmp_path / "again") == files_of(dist)


def test_mnist_is_included_if_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    blocks = {"index.json": b"{}", "mnist-train-00-0123456789.bin": b"block"}
    monkeypatch.setattr(building.data, "mnist_blocks", lambda files: blocks)
    sentences = building.build(tmp_path / "dist", {"train-images-idx3-ubyte": b""})
    url = json.loads(Inline((tmp_path / "dist" / "index.html").read_text()).manifest)["data"]["mnist"]["index"]
    assert (tmp_path / "dist" / url).read_bytes() == b"{}"
    assert "With MNIST." in sentences
