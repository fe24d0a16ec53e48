"""Finds MNIST on this machine, or fetches it: `python -m scripts.fetch_mnist`.

The places are, in this order: the folder named by `--from` or by the environment variable TABGRAD_MNIST_DIR; the cache
folder data/mnist; the public mirrors, from which the cache is filled. The SHA-256 of each uncompressed file is checked,
and a file of the cache that is not the right one is deleted.
With `--optional` the command succeeds also if MNIST cannot be fetched, because the page can train on generated digits.
"""

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from scripts.sitebuild.parts import ROOT, download, write_atomically
from tabgrad.data import DataError
from tabgrad.data.mnist import MNIST_SHA256, check_mnist

CACHE = ROOT / "data" / "mnist"
MIRRORS = (
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
)
VARIABLE = "TABGRAD_MNIST_DIR"


def read_folder(folder: Path) -> dict[str, bytes]:
    """Read and check the four files in `folder`, gzipped or not; returns {idx name: content}. Raises DataError."""
    files = {}
    for name in MNIST_SHA256:
        path = next((p for p in (folder / f"{name}.gz", folder / name) if p.is_file()), None)
        if path is None:
            raise DataError(f"{folder} has no {name}.gz: put MNIST's four files there, or name no folder.")
        files[name] = path.read_bytes()
        check_mnist(name, files[name])
    return files


def named_folder(chosen: Path | None = None) -> Path | None:
    """The folder that the caller or else TABGRAD_MNIST_DIR names, or None."""
    value = chosen or os.environ.get(VARIABLE)
    return Path(value) if value else None


def locate(chosen: Path | None = None) -> dict[str, bytes] | None:
    """MNIST from this machine, or None. Raises DataError if a folder is named that does not have it."""
    folder = named_folder(chosen)
    if folder is not None:
        return read_folder(folder)
    files = {name: content for name in MNIST_SHA256 if (content := _cached(name)) is not None}
    return files if len(files) == len(MNIST_SHA256) else None


def _cached(name: str) -> bytes | None:
    """A file of the cache. One that is damaged is deleted, so that it is fetched again."""
    for path in (CACHE / f"{name}.gz", CACHE / name):
        if path.is_file():
            content = path.read_bytes()
            try:
                check_mnist(name, content)
            except DataError as error:
                print(f"{error} It is deleted from {CACHE}.", file=sys.stderr)
                path.unlink()
            else:
                return content
    return None


def fetch_all(fetch: Callable[[str], bytes | None] = download) -> dict[str, bytes]:
    """Fetch what the cache folder lacks from the mirrors. Raises DataError if no mirror has one of the files."""
    return {name: _cached(name) or _fetch_one(name, fetch) for name in MNIST_SHA256}


def _fetch_one(name: str, fetch: Callable[[str], bytes | None]) -> bytes:
    wrong = []
    for mirror in MIRRORS:
        content = fetch(f"{mirror}{name}.gz")
        if content is None:
            continue
        try:
            check_mnist(name, content)
        except DataError:
            wrong.append(mirror)
            continue
        write_atomically(CACHE / f"{name}.gz", content)
        return content
    reason = f"{' and '.join(wrong)} sent a wrong file" if wrong else "no mirror could be reached"
    raise DataError(
        f"MNIST's {name}.gz cannot be fetched ({reason}), so the page trains on generated digits: to use MNIST, put "
        f"its four files into a folder and set {VARIABLE} to it."
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Find or fetch MNIST, and print where it is; returns the exit status."""
    parser = argparse.ArgumentParser(description="Find MNIST or fetch it into data/mnist.")
    parser.add_argument("--from", dest="folder", type=Path, help=f"a folder with the four files (also: {VARIABLE})")
    parser.add_argument("--optional", action="store_true", help="succeed also if MNIST cannot be fetched")
    options = parser.parse_args(arguments)
    try:
        if locate(options.folder) is None:
            print("Fetching MNIST (11 MB) from its public mirrors …")
            fetch_all()
        print(f"MNIST is in {named_folder(options.folder) or CACHE}.")
    except DataError as error:
        print(error, file=sys.stderr)
        return 0 if options.optional and not named_folder(options.folder) else 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
