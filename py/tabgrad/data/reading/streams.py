"""Bytes of files in chunks: plain, gzipped, or out of memory. No file is ever in memory as a whole unless it is small.

Owns what may be unpacked (`Pace` counts it) and how often the caller can breathe. Knows no format of data.
"""

from __future__ import annotations

import time
import zlib
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from dataclasses import dataclass

from tabgrad.data.base import DataError
from tabgrad.incoming import quoted

from .contract import InputFile, Progress

#: Bytes of a chunk.
CHUNK = 1 << 20
#: Bytes that may be unpacked, of one file and of all. What a header says of its size is not believed.
MAX_ENTRY, MAX_TOTAL = 1 << 30, 2 << 30
#: Bytes of a file that has to be in memory as a whole: a zip in a zip, a picture.
MAX_WHOLE = 256 << 20
#: Seconds after which the caller may do something else, if not sooner.
BREATH_S = 0.03
#: 16 + the window of zlib: with gzip's header.
_GZIP, DEFLATE = 31, -15


class DamagedError(DataError):
    """A single file cannot be used; among many pictures it is left out."""


def called(name: str) -> str:
    """How a sentence calls a file: the end of its path, in quotes."""
    return quoted(name.replace("\\", "/").rstrip("/").rpartition("/")[2], 40)


def _too_large(name: str) -> DataError:
    return DataError(f"{called(name)} is far larger unpacked than this page can read: choose less of it.")


def check_unpacked(size: int, name: str) -> None:
    """Raises DataError if `size` bytes are too many to come out of an archive: before they do, if a header tells."""
    if size > MAX_ENTRY:
        raise _too_large(name)


class Pace:
    """Tells the caller how far reading is, not too often, and stops it when too much comes out of the archives."""

    def __init__(self, progress: Progress, total: int) -> None:
        self.done, self.total = 0, total
        self._progress, self._unpacked, self._next = progress, 0, 0.0

    async def breathe(self, what: str) -> None:
        """Between two pieces of work on `what`."""
        if time.monotonic() >= self._next:
            await self._progress(called(what)[1:-1], self.done, self.total)
            self._next = time.monotonic() + BREATH_S

    def unpacked(self, count: int, name: str, before: int) -> None:
        """So many bytes more came out of an archive, after `before` of the same file. Raises DataError."""
        self._unpacked += count
        check_unpacked(before + count, name)
        if self._unpacked > MAX_TOTAL:
            raise _too_large(name)


class Source:
    """An input file whose last chunk is kept, because small things lie side by side in an archive."""

    def __init__(self, file: InputFile, pace: Pace) -> None:
        self.name, self.size, self._file, self._pace = file.name, file.size, file, pace
        self._start, self._kept, self._fetched = 0, b"", 0

    async def read(self, start: int, stop: int) -> bytes:
        """The bytes from `start` to `stop`. Raises DataError if the file is shorter or cannot be read."""
        stop = min(stop, self.size)
        if start >= stop:
            return b""
        if not self._start <= start <= stop <= self._start + len(self._kept):
            self._start, self._kept = start, await self._fetch(start, min(max(stop, start + CHUNK), self.size))
            self._count(len(self._kept))
            await self._pace.breathe(self.name)
        return self._kept[start - self._start : stop - self._start]

    async def peek(self, start: int, stop: int) -> bytes:
        """As `read`, for a look at another place, which is no progress."""
        return await self._fetch(max(0, start), min(stop, self.size))

    async def _fetch(self, start: int, stop: int) -> bytes:
        try:
            data = bytes(await self._file.read(start, stop))
        except OSError as error:
            raise DataError(f"{called(self.name)} cannot be read any more: choose it again.") from error
        if len(data) != stop - start:
            raise DataError(f"{called(self.name)} has changed while it was read: choose it again.")
        return data

    def _count(self, fetched: int) -> None:
        """Tell the pace; what is read twice counts once."""
        before = min(self._fetched, self.size)
        self._fetched += fetched
        self._pace.done += min(self._fetched, self.size) - before

    async def chunks(self, start: int, stop: int) -> AsyncIterator[bytes]:
        """The bytes from `start` to `stop` in chunks."""
        for at in range(start, stop, CHUNK):
            yield await self.read(at, min(at + CHUNK, stop))


class MemoryFile:
    """Bytes as an input file."""

    def __init__(self, name: str, data: bytes) -> None:
        self.name, self.size, self._data = name, len(data), data

    async def read(self, start: int, stop: int) -> bytes:
        return self._data[start:stop]


@dataclass(frozen=True, slots=True)
class Entry:
    """Something with a name that can be read from its beginning as often as needed. `name` may be a path.

    `archive`: the name of the file that it came out of, its own if that was none. `source`: set if it lies there as it
    is, so that any part of it can be read.
    """

    name: str
    archive: str
    open: Callable[[], AsyncIterator[bytes]]
    source: Source | None = None

    async def head(self, count: int = 2048) -> bytes:
        """The first bytes."""
        async with aclosing(Bytes(self)) as stream:
            return await stream.some(count)

    async def whole(self, most: int = MAX_WHOLE) -> bytes:
        """All bytes. Raises DataError if they are more than `most`."""
        async with aclosing(Bytes(self)) as stream:
            data = await stream.some(most + 1)
        if len(data) > most:
            raise DamagedError(f"{called(self.name)} is too large: at most {most >> 20} MB are read at once.")
        return data


class Bytes:
    """An entry from its beginning to its end, as many bytes at a time as are asked for."""

    def __init__(self, entry: Entry) -> None:
        self._name, self._chunks, self._kept = entry.name, entry.open(), b""

    async def some(self, count: int) -> bytes:
        """The next `count` bytes, fewer at the end."""
        parts, size = [self._kept], len(self._kept)
        while size < count:
            chunk = await anext(self._chunks, None)
            if chunk is None:
                break
            parts.append(chunk)
            size += len(chunk)
        data = b"".join(parts) if len(parts) > 1 else parts[0]
        self._kept = data[count:]
        return data[:count]

    async def exactly(self, count: int) -> bytes:
        """The next `count` bytes. Raises DataError if the entry ends before."""
        data = await self.some(count)
        if len(data) < count:
            raise DataError(f"{called(self._name)} breaks off before its end: fetch it again.")
        return data

    async def aclose(self) -> None:
        """Nothing more is read."""
        close = getattr(self._chunks, "aclose", None)
        if close is not None:
            await close()


def plain(source: Source) -> Entry:
    """A file as an entry."""
    return Entry(source.name, source.name, lambda: source.chunks(0, source.size), source)


def gunzipped(entry: Entry, pace: Pace) -> Entry:
    """What a gzipped entry holds, under its name without ".gz"."""
    name = entry.name[:-3] if entry.name.lower().endswith(".gz") else entry.name

    def unpack() -> AsyncIterator[bytes]:
        return inflated(entry.open(), entry.name, pace, _GZIP)

    return Entry(name, entry.archive, unpack)


async def inflated(packed: AsyncIterator[bytes], name: str, pace: Pace, window: int) -> AsyncIterator[bytes]:
    """Decompress a stream, at most `CHUNK` at a time: gzip may have several members. Raises DataError."""
    inflater, before, ended = zlib.decompressobj(window), 0, False
    async for piece in packed:
        data = piece
        while data or inflater.unconsumed_tail:
            if ended:
                if window != _GZIP or data[:2] != b"\x1f\x8b":
                    return  # padding
                inflater, ended = zlib.decompressobj(window), False
            try:
                found = inflater.decompress(data, CHUNK)
            except zlib.error as error:
                raise DamagedError(f"{called(name)} is damaged and cannot be unpacked: fetch it again.") from error
            ended = inflater.eof
            data = inflater.unused_data if ended else inflater.unconsumed_tail
            pace.unpacked(len(found), name, before)
            before += len(found)
            if found:
                yield found
            await pace.breathe(name)
    if not ended:
        raise DamagedError(f"{called(name)} breaks off before its end: fetch it again.")
