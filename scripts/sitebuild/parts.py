"""Where the third-party parts of the site come from, each checked by its hash before it is used.

Owns the locations and the hashes. Never changes a part: sitebuild.prune does.
"""

import hashlib
import http.client
import json
import os
import tempfile
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
NODE_MODULES = ROOT / "node_modules"
CACHE = ROOT / ".cache" / "parts"

PYODIDE_CDN = "https://cdn.jsdelivr.net/pyodide/v{version}/full/{file_name}"
DOWNLOAD_TIMEOUT_S = 15

#: The same NumPy for the same ABI (2025_0) as Pyodide's own, out of an npm package that carries it: for machines that
#: reach npm but not Pyodide's CDN. Only this file of the package is used.
FALLBACK_WHEEL = "@bentopdf/pymupdf-wasm/assets/numpy-2.2.5-cp313-cp313-pyodide_2025_0_wasm32.whl"
FALLBACK_SHA256 = "125230b4c3ecd08803e5c43f1162e017c0718d9f253146225a705a952b9c16c2"


class BuildError(Exception):
    """The site cannot be built; the message is one sentence that says what is missing and what to do."""


def sha256(content: bytes) -> str:
    """SHA-256 of `content`, in hex."""
    return hashlib.sha256(content).hexdigest()


def npm_file(path: str) -> bytes:
    """A file of an installed npm package, such as `pyodide/pyodide.mjs`. Raises BuildError where it is missing."""
    try:
        return (NODE_MODULES / path).read_bytes()
    except FileNotFoundError:
        raise BuildError(f"node_modules/{path} is missing: run `npm ci` (or `make build`, which does).") from None


def pyodide_lock() -> dict[str, Any]:
    """Pyodide's own list of packages with their hashes, as npm delivers it."""
    lock: dict[str, Any] = json.loads(npm_file("pyodide/pyodide-lock.json"))
    return lock


def pyodide_version() -> str:
    """The version of the installed Pyodide, such as `0.29.5`."""
    return str(json.loads(npm_file("pyodide/package.json"))["version"])


def download(url: str) -> bytes | None:
    """The content behind `url`, or None where it cannot be had: every download here has a second source."""
    try:
        with urllib.request.urlopen(url, timeout=DOWNLOAD_TIMEOUT_S) as response:
            content: bytes = response.read()
            return content
    except (OSError, http.client.HTTPException):  # URLError is an OSError: offline, blocked, timed out, 404
        return None


def write_atomically(path: Path, content: bytes) -> None:
    """Write `content` to `path` so that an interrupted run leaves either the old file or the new one, never half."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=path.name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        Path(temporary).chmod(0o644)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def numpy_wheel() -> tuple[bytes, str]:
    """NumPy for Pyodide and a phrase that says where it came from.

    Pyodide's CDN first, by the hash in its lock file; the copy inside an npm package second, by its own hash.
    """
    package = pyodide_lock()["packages"]["numpy"]
    cached = CACHE / package["file_name"]
    if cached.is_file() and sha256(content := cached.read_bytes()) == package["sha256"]:
        return content, "Pyodide's own wheel, from the cache"
    url = PYODIDE_CDN.format(version=pyodide_version(), file_name=package["file_name"])
    downloaded = download(url)
    if downloaded is not None and sha256(downloaded) == package["sha256"]:
        write_atomically(cached, downloaded)
        return downloaded, "Pyodide's own wheel"
    fallback = npm_file(FALLBACK_WHEEL)
    if sha256(fallback) != FALLBACK_SHA256:
        raise BuildError(
            f"Neither {url} nor node_modules/{FALLBACK_WHEEL} has the right hash: delete it and run `npm ci`."
        )
    return fallback, "the copy inside @bentopdf/pymupdf-wasm, as Pyodide's CDN is out of reach"
