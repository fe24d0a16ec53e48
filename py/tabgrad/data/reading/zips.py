"""Zip archives: their directory, and each file in them as an entry that is unpacked in chunks.

Python's `zipfile` reads synchronously and believes sizes; here the file arrives piece by piece, and what comes out is
counted. Format: https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT, sections 4.3 and 4.5.3.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import AsyncIterator
from dataclasses import dataclass

from tabgrad.data.base import DataError

from .streams import DEFLATE, DamagedError, Entry, Pace, Source, called, inflated

#: Files in an archive.
MAX_ENTRIES = 30_000
#: Bytes of the list of files: long names, and what programs add to each.
_MAX_DIRECTORY = 16 << 20
_END, _CENTRAL, _LOCAL = b"PK\x05\x06", b"PK\x01\x02", b"PK\x03\x04"
#: The end record may be followed by a comment of 64 KB.
_END_SIZE, _MAX_COMMENT = 22, 65_535
_CENTRAL_SIZE, _LOCAL_SIZE = 46, 30
_STORED, _DEFLATED = 0, 8
_METHODS = {9: "deflate64", 12: "bzip2", 14: "LZMA", 93: "Zstandard", 95: "XZ"}
_ZIP64_EXTRA, _ZIP64 = 1, 0xFFFFFFFF


@dataclass(frozen=True, slots=True)
class _Record:
    """A file as the directory describes it. `offset`: where its local header is."""

    name: str
    method: int
    crc: int
    packed: int
    offset: int


async def zip_entries(source: Source, archive: str, pace: Pace) -> list[Entry]:
    """The files of the archive `source`, which is called `archive`, in the order of their names. Raises DataError."""
    count, start, size = await _find_directory(source)
    if count > MAX_ENTRIES:
        raise DataError(f"{called(archive)} has {count:,} files; at most {MAX_ENTRIES:,} are read.")
    if size > _MAX_DIRECTORY or start + size > source.size:
        raise _damaged(source.name)
    directory = await source.peek(start, start + size)
    await pace.breathe(source.name)
    records = _records(directory, count, source.name)
    await pace.breathe(source.name)
    return [_entry(source, record, archive, pace) for record in sorted(records, key=lambda r: r.offset)]


async def _find_directory(source: Source) -> tuple[int, int, int]:
    """Number of entries, and where the directory begins and how long it is."""
    start = max(0, source.size - _END_SIZE - _MAX_COMMENT)
    tail = await source.peek(start, source.size)
    at = tail.rfind(_END)
    if at < 0 or len(tail) - at < _END_SIZE:
        raise DataError(f"{called(source.name)} breaks off before its end: fetch it again.")
    count, size, offset = struct.unpack_from("<HII", tail, at + 10)
    if _ZIP64 in (offset, size):
        raise DataError(f"{called(source.name)} is larger than this page can read: choose less of it.")
    return count, offset, size


def _records(directory: bytes, count: int, name: str) -> list[_Record]:
    found, at = [], 0
    for _ in range(count):
        if directory[at : at + 4] != _CENTRAL or at + _CENTRAL_SIZE > len(directory):
            raise _damaged(name)
        flags, method, _, crc, packed, unpacked, names, extras, comment = struct.unpack_from(
            "<HHIIIIHHH", directory, at + 8
        )
        offset = int.from_bytes(directory[at + 42 : at + 46], "little")
        at += _CENTRAL_SIZE
        encoded, extra = directory[at : at + names], directory[at + names : at + names + extras]
        at += names + extras + comment
        path = encoded.decode("utf-8" if flags & 0x800 else "cp437", "replace")
        if path.endswith(("/", "\\")):
            continue
        if flags & 1:
            raise DataError(f"{called(name)} is locked with a password: unpack it first.")
        if method not in (_STORED, _DEFLATED):
            how = _METHODS.get(method, "an unknown method")
            raise DataError(f"{called(name)} is packed with {how}, which this page cannot read: zip it again.")
        packed, offset = _zip64(extra, unpacked, packed, offset)
        found.append(_Record(path, method, crc, packed, offset))
    return found


def _zip64(extra: bytes, unpacked: int, packed: int, offset: int) -> tuple[int, int]:
    """The packed size and the offset, from the extra field where they did not fit: NumPy writes it for small files."""
    at = 0
    while at + 4 <= len(extra):
        kind, size = struct.unpack_from("<HH", extra, at)
        if kind == _ZIP64_EXTRA:
            numbers = [int.from_bytes(extra[i : i + 8], "little") for i in range(at + 4, at + 4 + size - 7, 8)]
            numbers = numbers[unpacked == _ZIP64 :]
            if packed == _ZIP64 and numbers:
                packed = numbers.pop(0)
            if offset == _ZIP64 and numbers:
                offset = numbers.pop(0)
        at += 4 + size
    return packed, offset


def _entry(source: Source, record: _Record, archive: str, pace: Pace) -> Entry:
    def unpack() -> AsyncIterator[bytes]:
        return _unpacked(source, record, pace)

    return Entry(record.name, archive, unpack)


async def _unpacked(source: Source, record: _Record, pace: Pace) -> AsyncIterator[bytes]:
    local = await source.read(record.offset, record.offset + _LOCAL_SIZE)
    if local[:4] != _LOCAL or len(local) < _LOCAL_SIZE:
        raise _damaged(source.name)
    start = record.offset + _LOCAL_SIZE + sum(struct.unpack_from("<HH", local, 26))
    stop = start + record.packed
    if stop > source.size:
        raise _damaged(source.name)
    packed, crc, before = source.chunks(start, stop), 0, 0
    stored = record.method == _STORED
    async for data in packed if stored else inflated(packed, record.name, pace, DEFLATE):
        if stored:  # overlapping entries of a zip bomb can be stored, too
            pace.unpacked(len(data), record.name, before)
            before += len(data)
        crc = zlib.crc32(data, crc)
        yield data
    if crc != record.crc:
        raise DamagedError(f"{called(record.name)} in the zip file is damaged: fetch it again.")


def _damaged(name: str) -> DamagedError:
    return DamagedError(f"{called(name)} is damaged, its list of files is wrong: fetch it again.")
