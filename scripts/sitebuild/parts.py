"""The third-party parts of the site: where they come from, and the hashes that they must have.

Changes no part; sitebuild.prune does.
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

#: The same NumPy for the same ABI (2025_0), in an npm package: for machines that can reach npm but not Pyodide's CDN.
#: Nothing else of the package is used.
FALLBACK_WHEEL = "@bentopdf/pymupdf-wasm/assets/numpy-2.2.5-cp313-cp313-pyodide_2025_0_wasm32.whl"
FALLBACK_SHA256 = "125230b4c3ecd08803e5c43f1162e017c0718d9f253146225a705a952b9c16c2"


class BuildError(Exception):
    """The site cannot be built; the message says why and what to do, in one sentence."""


def sha256(content: bytes) -> str:
    """SHA-256 of `content`, in hex."""
    return hashlib.sha256(content).hexdigest()


def npm_file(path: str) -> bytes:
    """A file of an installed npm package, such as `pyodide/pyodide.mjs`. Raises BuildError if it is missing."""
    try:
        return (NODE_MODULES / path).read_bytes()
    except FileNotFoundError:
        raise BuildError(f"node_modules/{path} is missing: run `npm ci` (or `make build`, which does).") from None


def pyodide_lock() -> dict[str, Any]:
    """Pyodide's list of packages with their hashes, from npm."""
    lock: dict[str, Any] = json.loads(npm_file("pyodide/pyodide-lock.json"))
    return lock


def pyodide_version() -> str:
    """The version of the installed Pyodide, such as `0.29.5`."""
    return str(json.loads(npm_file("pyodide/package.json"))["version"])


def download(url: str) -> bytes | None:
    """The content of `url`, or None if it cannot be fetched, because each download has a second source."""
    try:
        with urllib.request.urlopen(url, timeout=DOWNLOAD_TIMEOUT_S) as response:
            content: bytes = response.read()
            return content
    except (OSError, http.client.HTTPException):  # URLError is an OSError: offline, blocked, timed out, 404
        return None


def write_atomically(path: Path, content: bytes) -> None:
    """Write `content` to `path` so that after an interruption the file is either the old one or complete."""
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
    """NumPy's wheel for Pyodide, and a phrase that says where it came from.

    It is fetched from Pyodide's CDN, with the hash in Pyodide's lock file, or else taken from an npm package, with a
    hash of its own. Raises BuildError if neither has the right hash.
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
    return fallback, "the copy in @bentopdf/pymupdf-wasm, because Pyodide's CDN cannot be reached"
