"""Builds the static site: `python -m scripts.build` -> dist/.

The same input gives the same bytes. All files are self-hosted, with a hash in their names and with relative URLs, so
dist/ works from any path of any static host, without special headers. This file puts the parts together that
scripts/sitebuild makes.
"""

import argparse
import importlib.util
import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from scripts import fetch_mnist
from scripts.sitebuild import data, editor, licences, page, parts, prune, python
from scripts.sitebuild.output import Site
from tabgrad import __version__
from tabgrad.data import DataError

WEB = parts.ROOT / "web"
MODELS = parts.ROOT / "models"
TRAINING = MODELS / "training"
#: Networks as Python, for the code editor to begin with.
SOURCES = MODELS / "sources"
MANIFEST = "{{manifest}}"
LICENCES = "licences.txt"
#: Files of Pyodide that the page fetches, besides its standard library and lock file.
PYODIDE_FILES = ("pyodide.mjs", "pyodide.asm.js", "pyodide.asm.wasm")


def add_pyodide(site: Site, wheel: bytes) -> str:
    """Add Pyodide, NumPy (`wheel` is the original) and a lock file with NumPy only; returns the folder's URL."""
    lock = parts.pyodide_lock()
    numpy = lock["packages"]["numpy"]
    pruned = python.numpy_wheel(wheel)
    trimmed = {**lock, "packages": {"numpy": {**numpy, "sha256": parts.sha256(pruned)}}}
    files = {name: parts.npm_file(f"pyodide/{name}") for name in PYODIDE_FILES}
    files["pyodide.mjs"] = prune.pyodide_loader(files["pyodide.mjs"])
    files["pyodide.asm.js"] = prune.pyodide_module(files["pyodide.asm.js"])
    files["python_stdlib.zip"] = python.standard_library(parts.npm_file("pyodide/python_stdlib.zip"))
    files["pyodide-lock.json"] = json.dumps(trimmed, sort_keys=True).encode()
    files[numpy["file_name"]] = pruned
    return site.add_folder("pyodide", files)


def add_pyscript(site: Site) -> str:
    """Add PyScript's core; returns the URL of its entry point."""
    folder = parts.NODE_MODULES / "@pyscript" / "core" / "dist"
    chunks = prune.pyscript({path.name: path.read_bytes() for path in folder.glob("*.js")})
    (core,) = (name for name in chunks if name.startswith("core-"))
    chunks[core], chunks[prune.WORKER_FILE] = prune.pyscript_core(chunks[core])
    return site.add_folder("pyscript", chunks) + "core.js"


def add_python(site: Site) -> dict[str, str]:
    """Add our package, and tinygrad as the worker's compiler, as zips; returns {name: URL}."""
    spec = importlib.util.find_spec("tinygrad")
    if spec is None or spec.origin is None:
        raise parts.BuildError("tinygrad is not installed in this Python: run `make build`, which installs it.")
    own = parts.ROOT / "py" / "tabgrad"
    return {
        "tabgrad": site.add("tabgrad.zip", python.package(own)),
        "compiler": site.add("compiler.zip", python.compiler(Path(spec.origin).parent, own)),
    }


def add_models(site: Site) -> dict[str, Any]:
    """Add each folder of models/ that has a card; returns {name: {"card", "weights", "programs": {stem: URL}}}."""
    models = {}
    for card in sorted(MODELS.glob("*/card.json")):
        name = card.parent.name
        models[name] = {
            "card": site.add(f"models/{name}/card.json", card.read_bytes()),
            "weights": site.add(
                f"models/{name}/weights.safetensors", (card.parent / "weights.safetensors").read_bytes()
            ),
            "programs": add_programs(site, card.parent / "programs", f"models/{name}"),
        }
    return models


def add_programs(site: Site, folder: Path, url: str) -> dict[str, str]:
    """Add the programs of one folder; returns {file stem: URL}."""
    return {path.stem: site.add(f"{url}/{path.name}", path.read_bytes()) for path in sorted(folder.glob("*.json"))}


def add_data(site: Site, files: dict[str, bytes] | None) -> dict[str, Any]:
    """Add MNIST's blocks; returns {"mnist": None} without them, and the page then trains on generated digits."""
    if files is None:
        return {"mnist": None}
    return {"mnist": {"index": site.add_folder("data/mnist", data.mnist_blocks(files)) + "index.json"}}


def add_code(site: Site, script: bytes) -> dict[str, Any]:
    """Add the code editor and the example sources; returns {"editor": URL, "examples": {name: URL}}."""
    sources = {path.stem: path.read_bytes() for path in sorted(SOURCES.glob("*.py"))}
    examples = {name: site.add(f"code/{name}.py", content) for name, content in sources.items()}
    return {"editor": site.add("code/editor.js", script), "examples": examples}


def stylesheet(source: Path) -> bytes:
    """web/style.css as Tailwind builds it, with only the classes that the sources use."""
    tool = parts.NODE_MODULES / ".bin" / "tailwindcss"
    if not tool.exists():
        raise parts.BuildError("Tailwind is not installed: run `npm ci` (or `make build`, which does).")
    done = subprocess.run(
        [tool, "-i", source, "--minify"], cwd=parts.ROOT, capture_output=True, check=False, timeout=120
    )
    if done.returncode:
        raise parts.BuildError(f"Tailwind cannot build web/{source.name}, correct it:\n{done.stderr.decode().strip()}")
    return done.stdout


def add_page(site: Site, manifest: dict[str, Any], pyscript_url: str) -> None:
    """Add index.html with all files that it names, and then the service worker, which lists all files."""
    pyodide_url = manifest["pyodide"]["index_url"]
    made = {
        "csp": page.policy(),
        "core.js": pyscript_url,
        "py-config": page.pyscript_config(pyodide_url),
        "pyodide": pyodide_url,
        "licences": LICENCES,
        "uplot.js": site.add("uplot.js", parts.npm_file("uplot/dist/uPlot.iife.min.js")),
        "manifest": MANIFEST,
    }

    def url_of(name: str) -> str | None:
        path = WEB / name
        return site.add(name, web_file(path)) if path.is_file() else None

    def web_file(path: Path) -> bytes:
        content = stylesheet(path) if path.suffix == ".css" else path.read_bytes()
        if path.suffix in {".css", ".webmanifest"}:  # these name fonts and icons
            return page.fill(content.decode(), made, url_of).encode()
        return content

    # The version is a hash of all files and of the page's own text, so the manifest is filled in last.
    filled = page.fill((WEB / "index.html").read_text(), made, url_of)
    manifest["version"] = f"{__version__}+{parts.sha256((site.version() + filled).encode())[:10]}"
    site.add_plain("index.html", filled.replace(MANIFEST, page.inline_json(manifest)).encode())
    sw = page.service_worker((WEB / "sw.js").read_text(), manifest["version"], site.files)
    site.add_plain("sw.js", sw.encode())


def boot_files(site: Site, manifest: dict[str, Any], pyscript_url: str) -> list[str]:
    """URLs of the large files that the first prediction of the default model needs, for the progress bar."""
    folders = (manifest["pyodide"]["index_url"], pyscript_url.removesuffix("core.js"))
    mlp = manifest["models"].get("mlp")
    model = [mlp["card"], mlp["weights"]] if mlp else []
    loaded = (url for url in site.files if url.startswith(folders) and not url.endswith(prune.WORKER_FILE))
    return [*sorted(loaded), manifest["python"]["tabgrad"], *model]


def build(out: Path, mnist: dict[str, bytes] | None) -> list[str]:
    """Build the site into `out`; returns sentences that describe it. Raises BuildError."""
    site = Site()
    wheel, numpy_origin = parts.numpy_wheel()
    pyodide_url = add_pyodide(site, wheel)
    bundle = editor.bundled()
    site.add_plain(LICENCES, licences.gathered(wheel, editor.licences(bundle.packages)))
    pyscript_url = add_pyscript(site)
    manifest: dict[str, Any] = {
        "pyodide": {"index_url": pyodide_url, "packages": ["numpy"]},
        "python": add_python(site),
        "models": add_models(site),
        "training": add_programs(site, TRAINING, "models/training"),
        "data": add_data(site, mnist),
        "code": add_code(site, bundle.script),
    }
    manifest["sizes"] = site.sizes(boot_files(site, manifest, pyscript_url))
    add_page(site, manifest, pyscript_url)
    site.write(out)
    size = sum(map(len, site.files.values()))
    return [
        f"Built {out.name}/ {manifest['version']}: {len(site.files)} files, {size / 1e6:.1f} MB.",
        f"NumPy is {numpy_origin}.",
        f"Models: {', '.join(manifest['models']) or 'none'}.",
        "With MNIST." if mnist else "Without MNIST: the page trains on generated digits instead.",
    ]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit status."""
    parser = argparse.ArgumentParser(description="Build the static site.")
    parser.add_argument("--out", type=Path, default=parts.ROOT / "dist", help="the folder to make (default: dist)")
    parser.add_argument("--no-mnist", action="store_true", help="build without MNIST")
    options = parser.parse_args(arguments)
    try:
        mnist = None if options.no_mnist else fetch_mnist.locate()
        print("\n".join(build(options.out, mnist)))
    except (parts.BuildError, DataError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
