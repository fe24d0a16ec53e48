"""Zip and gzip: bombs, locks, damage, and memory that stays bounded."""

import asyncio
import gzip
import struct
import zipfile

import numpy as np
import pytest

from tabgrad.data import DataError
from tabgrad.data.reading import read
from tabgrad.data.reading import streams as streams_module
from tabgrad.data.reading.streams import MemoryFile
from tests.unit.data.reading.files import (
    all_images,
    decode,
    expected,
    gz,
    images,
    labels,
    no_progress,
    npy,
    npz,
    packed,
    pair,
    picture,
    reading,
    sentence,
    table,
)


def changed(data: bytes, record: bytes, offset: int, value: int, form: str = "<H") -> bytes:
    """A zip with a field of all records of one kind changed."""
    out, at = bytearray(data), data.find(record)
    while at >= 0:
        struct.pack_into(form, out, at + offset, value)
        at = data.find(record, at + 4)
    return bytes(out)


PLAIN = packed(pair())


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (changed(PLAIN, b"PK\x01\x02", 8, 1), "locked with a password"),
        (changed(PLAIN, b"PK\x01\x02", 10, 9), "packed with deflate64"),
        (changed(PLAIN, b"PK\x01\x02", 10, 77), "packed with an unknown method"),
        (changed(PLAIN, b"PK\x01\x02", 16, 5, "<I"), "is damaged"),
        (changed(PLAIN, b"PK\x01\x02", 42, 1 << 30, "<I"), "is damaged"),
        (changed(PLAIN, b"PK\x01\x02", 20, 1 << 30, "<I"), "is damaged"),
        (changed(PLAIN, b"PK\x05\x06", 16, 1 << 30, "<I"), "list of files is wrong"),
        (changed(PLAIN, b"PK\x05\x06", 12, 0xFFFFFFFF, "<I"), "larger than this page can read"),
        (changed(PLAIN, b"PK\x05\x06", 10, 40_000), "has 40,000 files; at most 30,000"),
        (changed(PLAIN, b"PK\x05\x06", 10, 9), "list of files is wrong"),
        (PLAIN[: len(PLAIN) // 2], "breaks off"),
        (PLAIN[:-1], "breaks off"),
        (packed({}), "no data in these files"),
        (packed({"a.zip": packed({"b.zip": packed(pair())})}), "packed several times"),
        (packed({"a.txt": b"Hello", "b/": b""}), "no data that can be read here"),
    ],
)  # fmt: skip
def test_archives_that_are_refused(data: bytes, said: str) -> None:
    assert said in sentence({"x.zip": data})


def test_archives_in_archives_and_stored_files_are_read() -> None:
    inner = npz(x=images(84), y=labels(84))
    for data in (packed({"a.npz": inner}), packed({"a.npz": inner}, zipfile.ZIP_STORED), gzip.compress(inner)):
        assert all_images(reading({"x.zip": data})) == expected(images(84), labels(84))


def test_sizes_in_headers_are_not_believed() -> None:
    wrong = changed(changed(PLAIN, b"PK\x01\x02", 24, 1, "<I"), b"PK\x03\x04", 22, 7, "<I")
    assert all_images(reading({"x.zip": wrong})) == expected(images(84), labels(84))


def test_a_bomb_ends_at_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams_module, "MAX_ENTRY", 2 << 20)
    assert "far larger unpacked" in sentence({"a.csv.gz": gzip.compress(table(images(2000), labels(2000)))})
    monkeypatch.setattr(streams_module, "MAX_ENTRY", 1 << 30)
    monkeypatch.setattr(streams_module, "MAX_TOTAL", 2 << 20)
    pictures = {f"{n}/{i}.png": bytes(1 << 20) for n in "ab" for i in range(3)}
    for method in (zipfile.ZIP_DEFLATED, zipfile.ZIP_STORED):
        assert "far larger unpacked" in sentence({"x.zip": packed(pictures, method)})


def test_a_header_that_tells_of_a_bomb_is_refused_before_it_is_unpacked() -> None:
    header = npy(np.zeros((1, 28, 28), np.uint8))[:128].replace(b"(1, 28, 28), }      ", b"(2000000, 28, 28), }")
    assert b"2000000" in header
    of = npy(np.zeros(2_000_000, np.uint8))
    # There is nothing behind the headers: whoever unpacked them would say that they break off.
    assert sentence({"x.npz": packed({"x.npy": header, "y.npy": of})}).startswith("'x.npy' is far larger unpacked")
    both = packed({"cat.npy": header, "dog.npy": npy(images(9))})
    assert sentence({"x.zip": both}).startswith("'cat.npy' is far larger unpacked")
    count = (2_000_000).to_bytes(4, "big")
    idx_head = pair()["train-images-idx3-ubyte"]
    files = {"train-images.gz": gzip.compress(idx_head[:4] + count + idx_head[8:16])}
    files["train-labels"] = b"\0\0\x08\x01" + count + bytes(2_000_000)
    assert sentence(files).startswith("'train-images' is far larger unpacked")


def test_a_damaged_picture_in_a_zip_is_counted() -> None:
    data = packed({f"{n}/{i}.png": picture(i + 100 * k) for k, n in enumerate("ab") for i in range(6)})
    at = data.find(b"PK\x03\x04") + 60
    found = reading({"x.zip": data[:at] + bytes([data[at] ^ 255]) + data[at + 1 :]})
    assert any(note.endswith("cannot be read and is left out.") for note in found.notes)


def test_a_file_that_goes_or_changes_meanwhile() -> None:
    class Gone(MemoryFile):
        async def read(self, start: int, stop: int) -> bytes:
            raise OSError("gone")

    class Shorter(MemoryFile):
        async def read(self, start: int, stop: int) -> bytes:
            return (await super().read(start, stop))[:-1]

    for kind, said in ((Gone, "cannot be read any more"), (Shorter, "has changed")):
        with pytest.raises(DataError, match=said):
            asyncio.run(read([kind("a.csv", b"1,2")], {}, decode, no_progress))


def test_the_caller_breathes_and_can_stop(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams_module, "BREATH_S", 0.0)
    seen: list[tuple[str, int, int]] = []

    async def progress(what: str, done: int, total: int) -> None:
        seen.append((what, done, total))

    class Stopped(Exception):
        pass

    async def stop(_what: str, _done: int, _total: int) -> None:
        raise Stopped

    files = [MemoryFile(name, data) for name, data in gz(pair()).items()]
    asyncio.run(read(files, {}, decode, progress))
    assert len({what for what, _, _ in seen}) >= 2
    assert [done for _, done, _ in seen] == sorted(done for _, done, _ in seen)
    assert seen[-1][1] == seen[-1][2] == sum(file.size for file in files)
    seen.clear()
    big = MemoryFile("a.csv", table(images(2000), labels(2000)))
    asyncio.run(read([big, MemoryFile("b.zip", PLAIN)], {}, decode, progress))
    assert 0 < seen[2][1] < big.size / 2  # a look at the end of a file is no progress
    with pytest.raises(Stopped):
        asyncio.run(read(files, {}, decode, stop))


def test_no_more_than_a_chunk_is_asked_for() -> None:
    asked: list[int] = []

    class Watched(MemoryFile):
        async def read(self, start: int, stop: int) -> bytes:
            asked.append(stop - start)
            return await super().read(start, stop)

    many = {**pair(6000)}
    found = asyncio.run(read([Watched(n, d) for n, d in many.items()], {}, decode, no_progress))
    assert sum(len(s.labels) for s in found.samples.values()) == 6000
    assert max(asked) <= streams_module.CHUNK
    assert np.sum(asked) < 3 * sum(map(len, many.values()))
