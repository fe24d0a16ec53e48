"""From the visitor's files to the files of data in them: unpacks gzip and zip, drops litter, tells each file's kind."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

from tabgrad.data.base import DataError

from .contract import InputFile
from .kinds import Kind, UnknownKindError, is_litter, is_picture_name, kind_of
from .streams import Entry, MemoryFile, Pace, Source, called, gunzipped, plain
from .words import parts, stem
from .zips import MAX_ENTRIES, zip_entries

#: Archives in archives, and gzip in gzip: "train.csv.gz.gz".
_MAX_DEPTH = 2
_GZIP_HAS_NAME = 8


@dataclass(frozen=True, slots=True)
class Item:
    """A file of data. `hints`: other names that speak of it, such as the one kept in a gzip header."""

    kind: Kind
    entry: Entry
    hints: tuple[str, ...] = ()


async def unfold(files: Sequence[InputFile], pace: Pace) -> tuple[list[Item], list[UnknownKindError]]:
    """The files of data in order of their names, and why others are none. Raises DataError."""
    if len(files) > MAX_ENTRIES:
        raise DataError(f"These are {len(files):,} files; at most {MAX_ENTRIES:,} are read.")
    items: list[Item] = []
    refused: list[UnknownKindError] = []
    for file in sorted(files, key=lambda f: f.name):
        async for found in _unfolded(plain(Source(file, pace)), pace, 0, ()):
            if isinstance(found, Item):
                items.append(found)
            else:
                refused.append(found)
            await pace.breathe(file.name)
            if len(items) > MAX_ENTRIES:
                raise DataError(f"These files hold more than {MAX_ENTRIES:,} files: choose less of them.")
    return items, refused


async def _unfolded(
    entry: Entry, pace: Pace, depth: int, hints: tuple[str, ...]
) -> AsyncIterator[Item | UnknownKindError]:
    if is_litter(entry.name):
        return
    if is_picture_name(entry.name):
        yield Item("picture", entry)
        return
    head = await entry.head()
    await pace.breathe(entry.name)
    try:
        kind = kind_of(entry.name, head)
    except UnknownKindError as error:
        yield error
        return
    except DataError as error:
        if depth == 0:
            raise
        yield UnknownKindError(entry.name, str(error))  # among others, an empty file or a web page is no reason to stop
        return
    if kind not in ("gzip", "zip"):
        yield Item(kind, entry, hints)
        return
    if depth == _MAX_DEPTH:
        raise DataError(f"{called(entry.archive)} is packed several times over: unpack it first.")
    if kind == "gzip":
        hints = (*hints, entry.name, *_name_in_gzip(head))
        async for found in _unfolded(gunzipped(entry, pace), pace, depth + 1, hints):
            yield found
        return
    for member in await _members(entry, pace):
        async for found in _unfolded(member, pace, depth + 1, hints):
            yield found


async def _members(entry: Entry, pace: Pace) -> list[Entry]:
    """The files in a zip, in a folder with the archive's name: "cat.zip" may hold the pictures of a class."""
    source = entry.source or Source(MemoryFile(entry.name, await entry.whole()), pace)
    found = await zip_entries(source, entry.archive, pace)
    folder = "/".join([*parts(entry.name)[:-1], stem(entry.name)])
    return [Entry(f"{folder}/{member.name}", member.archive, member.open) for member in found]


def _name_in_gzip(head: bytes) -> tuple[str, ...]:
    """The name that a gzip header keeps of the file, at most one."""
    if len(head) < 10 or head[3] != _GZIP_HAS_NAME:
        return ()
    return (head[10 : 10 + 200].split(b"\0")[0].decode("latin-1"),)
