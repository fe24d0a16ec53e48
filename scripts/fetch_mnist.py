"""Finds MNIST, or fetches it: `python -m scripts.fetch_mnist`.

The order: `--from DIR` or the environment variable TABGRAD_MNIST_DIR, else the cache folder data/mnist, else the
public mirrors, which fill the cache. Whatever is used must be MNIST by the SHA-256 of its uncompressed files. The data
is never committed. `--optional` makes a failure a sentence instead of an error: the page then trains on digits it
generates itself.
"""

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from scripts.sitebuild.parts import ROOT, download, write_atomically
from tabgrad.data import DataError
from tabgrad.data.idx import MNIST_SHA256, check_mnist

CACHE = ROOT / "data" / "mnist"
MIRRORS = (
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
)
VARIABLE = "TABGRAD_MNIST_DIR"


def read_folder(folder: Path) -> dict[str, bytes]:
    """The four files in `folder`, gzipped or not, checked, {idx name: content}. Raises DataError with one sentence."""
    files = {}
    for name in MNIST_SHA256:
        path = next((p for p in (folder / f"{name}.gz", folder / name) if p.is_file()), None)
        if path is None:
            raise DataError(f"{folder} holds no {name}.gz: put MNIST's four files there, or leave the folder out.")
        files[name] = path.read_bytes()
        check_mnist(name, files[name])
    return files


def named_folder(chosen: Path | None = None) -> Path | None:
    """The folder that the caller or TABGRAD_MNIST_DIR names, or None."""
    value = chosen or os.environ.get(VARIABLE)
    return Path(value) if value else None


def locate(chosen: Path | None = None) -> dict[str, bytes] | None:
    """MNIST as it is at hand, or None. Raises DataError where a folder was named and does not hold it."""
    folder = named_folder(chosen)
    if folder is not None:
        return read_folder(folder)
    try:
        return read_folder(CACHE)
    except DataError:
        return None


def fetch_all(fetch: Callable[[str], bytes | None] = download) -> dict[str, bytes]:
    """Fetch the four files from the mirrors into the cache folder. Raises DataError where no mirror has one of them."""
    return {name: _fetch_one(name, fetch) for name in MNIST_SHA256}


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
    reason = f"{' and '.join(wrong)} sent something else" if wrong else "no mirror could be reached"
    raise DataError(f"MNIST cannot be fetched: {reason}. Put its four files into a folder and set {VARIABLE} to it.")


def main(arguments: Sequence[str] | None = None) -> int:
    """Find or fetch MNIST and say which; the exit status."""
    parser = argparse.ArgumentParser(description="Find MNIST or fetch it into data/mnist.")
    parser.add_argument("--from", dest="folder", type=Path, help=f"a folder with the four files (also: {VARIABLE})")
    parser.add_argument("--optional", action="store_true", help="only say so where MNIST cannot be had")
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
