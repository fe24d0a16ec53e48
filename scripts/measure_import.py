"""Measures how long reading other people's data takes, and how much memory: `python -m scripts.measure_import`.

Makes three sets: an idx pair as large as Fashion-MNIST, a CSV as large as Kaggle's (42,000 rows, 77 MB), and a zip of
5,000 PNGs. Each is read in a process of its own, from a file on disk, so that the peak of memory is that of reading.
"""

import argparse
import asyncio
import os
import re
import struct
import subprocess
import sys
import tempfile
import time
import zipfile
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tabgrad.data import DataError
from tabgrad.data.reading import MAX_SIDE, read

CSV_ROWS = 42_000
PICTURES, PICTURE_SCALE = 5_000, 4


class DiskFile:
    """A file on disk as an input file."""

    def __init__(self, path: Path) -> None:
        self.name, self.size, self._file = path.name, path.stat().st_size, path.open("rb")

    async def read(self, start: int, stop: int) -> bytes:
        self._file.seek(start)
        return self._file.read(stop - start)


def images(count: int, seed: int) -> NDArray[np.uint8]:
    """Smooth random blobs, which compress about as well as handwriting."""
    rng = np.random.RandomState(seed)
    coarse = rng.randint(-300, 300, (count, 7, 7)).clip(0, 255)
    found = np.kron(coarse, np.ones((1, 4, 4), int)).astype(np.uint8)
    found[:, :3], found[:, -3:], found[:, :, :3], found[:, :, -3:] = 0, 0, 0, 0
    return found


def idx(values: NDArray[np.uint8]) -> bytes:
    """An array as an idx file."""
    return bytes([0, 0, 8, values.ndim]) + struct.pack(f">{values.ndim}I", *values.shape) + values.tobytes()


def png(rgba: NDArray[np.uint8]) -> bytes:
    """A picture (height, width, 4) as a PNG."""

    def part(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    height, width, channels = rgba.shape
    head = struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0)
    raw = np.pad(rgba.reshape(height, width * channels), ((0, 0), (1, 0))).tobytes()
    return b"\x89PNG\r\n\x1a\n" + part(b"IHDR", head) + part(b"IDAT", zlib.compress(raw, 1)) + part(b"IEND", b"")


async def decode(data: bytes) -> NDArray[np.uint8]:
    """What `png` makes, in place of the browser's decoder. Raises DataError for everything else."""
    try:
        width, height = struct.unpack_from(">II", data, 16)
        if not data.startswith(b"\x89PNG") or max(width, height) > MAX_SIDE or not width * height:
            raise ValueError
        raw = np.frombuffer(zlib.decompress(data[41 : data.rindex(b"IEND") - 8]), np.uint8)
        return raw.reshape(height, 1 + width * 4)[:, 1:].reshape(height, width, 4)
    except (ValueError, struct.error, zlib.error) as error:
        raise DataError("This is no picture.") from error


def coloured(grey: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """A grey picture as RGBA."""
    return np.dstack([grey, grey, grey, np.full_like(grey, 255)])


def make_idx(folder: Path) -> None:
    """60,000 and 10,000 images with their labels."""
    for name, count in (("train", 60_000), ("t10k", 10_000)):
        (folder / f"{name}-images-idx3-ubyte").write_bytes(idx(images(count, count)))
        (folder / f"{name}-labels-idx1-ubyte").write_bytes(idx((np.arange(count) % 10).astype(np.uint8)))


def make_csv(folder: Path) -> None:
    """A header, and the label before 784 pixels."""
    header = ",".join(["label", *(f"pixel{i}" for i in range(784))])
    with (folder / "train.csv").open("w") as file:
        file.write(header + "\n")
        for i, row in enumerate(images(CSV_ROWS, 1).reshape(CSV_ROWS, 784).tolist()):
            file.write(f"{i % 10},{','.join(map(str, row))}\n")


def make_zip(folder: Path, pictures: int = PICTURES) -> None:
    """Pictures of dark ink on paper that is not quite white, in ten folders."""
    rng = np.random.RandomState(3)
    big = np.ones((PICTURE_SCALE, PICTURE_SCALE), np.uint8)
    with zipfile.ZipFile(folder / "pictures.zip", "w") as archive:
        for i, image in enumerate(images(pictures, 2)):
            ink = np.maximum(np.kron(image, big), rng.randint(0, 8, (28 * PICTURE_SCALE,) * 2))
            archive.writestr(f"class {i % 10}/{i}.png", png(coloured((255 - ink).astype(np.uint8))))


SETS: dict[str, Callable[[Path], None]] = {"idx": make_idx, "csv": make_csv, "zip": make_zip}


def peak_mb() -> float:
    """The most memory that this process has had. Linux only: `getrusage` there counts the parent process, too."""
    status = Path("/proc/self/status").read_text()
    return int(re.findall(r"VmHWM:\s*(\d+) kB", status)[0]) / 1024


def measure(folder: Path) -> str:
    """Reads all files of `folder`: seconds, peak of memory above what Python and NumPy take, longest wait."""
    before = peak_mb()
    files = [DiskFile(path) for path in sorted(folder.iterdir())]
    breaths = [time.perf_counter()]

    async def progress(_what: str, _done: int, _total: int) -> None:
        breaths.append(time.perf_counter())

    found = asyncio.run(read(files, {}, decode, progress))
    seconds = time.perf_counter() - breaths[0]
    longest = max(np.diff([*breaths, time.perf_counter()]))
    count = sum(len(samples.labels) for samples in found.samples.values())
    size = sum(file.size for file in files) / 1e6
    return (
        f"{folder.name}: {count:,} images of {len(found.labels)} classes, {size:.0f} MB in {seconds:.1f} s; "
        f"peak {peak_mb() - before:.0f} MB above the start; longest time without a pause {longest * 1000:.0f} ms"
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Makes the sets, reads each of them, prints a line for each."""
    parser = argparse.ArgumentParser(description="Measure how long reading data takes, and how much memory.")
    parser.add_argument("--folder", type=Path, help="read the files of this folder, in this process")
    chosen = parser.parse_args(arguments).folder
    if chosen:
        print(measure(chosen), flush=True)
        return 0
    print(f"load {os.getloadavg()[0]:.1f}", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        for name, make in SETS.items():
            place = Path(folder) / name
            place.mkdir()
            make(place)
            subprocess.run([sys.executable, "-m", "scripts.measure_import", "--folder", str(place)], check=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
