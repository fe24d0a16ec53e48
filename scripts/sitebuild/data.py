"""MNIST in the blocks that the page fetches. They are packed once and cached. Downloads nothing."""

from collections.abc import Mapping
from pathlib import Path

from scripts.sitebuild.parts import ROOT, sha256, write_atomically
from tabgrad.data import DataError, mnist
from tabgrad.data.index import load_index

CACHE = ROOT / ".cache" / "mnist"


def is_whole(packed: Mapping[str, bytes]) -> bool:
    """Whether all blocks are there, as the index says that they are."""
    try:
        splits = load_index(packed[mnist.INDEX_FILE]).splits.values()
        blocks = [block for split in splits for block in split.blocks]
        return all(sha256(mnist.unzip(packed[block.file])) == block.sha256 for block in blocks)
    except (DataError, KeyError):
        return False


def mnist_blocks(files: dict[str, bytes]) -> dict[str, bytes]:
    """{file name: content} of the packed data set, from MNIST's four idx files. Raises DataError for other files.

    Packing takes about ten seconds, so the result is cached until the files or the packer change.
    """
    sources = sorted(Path(mnist.__file__).parent.glob("*.py"))
    key = sha256("".join(sha256(part) for part in [*(p.read_bytes() for p in sources), *files.values()]).encode())
    folder = CACHE / key[:16]
    index = folder / mnist.INDEX_FILE
    if index.is_file():
        cached = {path.name: path.read_bytes() for path in folder.iterdir()}
        if is_whole(cached):
            return cached
    packed = mnist.pack_mnist(files)
    # The index is written last, so a folder that has one is complete.
    for name in sorted(packed, key=lambda name: name == mnist.INDEX_FILE):
        write_atomically(folder / name, packed[name])
    return packed
