"""CSV: one image a row, its label in the first or last column, as Kaggle and MNIST in CSV have it.

Rows become numbers a piece at a time: 77 MB of text are 33 million values, too many for Python's lists.
"""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tabgrad.data.base import DataError
from tabgrad.incoming import quoted

from .kinds import UnknownKindError
from .sampling import as_28, as_grey, image_shape
from .streams import Bytes, Entry, called
from .words import array_role
from .work import Work

#: Bytes that are parsed at once, and of the longest line: 64x64 pixels in three colours, as fractions.
_PIECE, _MAX_LINE = 1 << 18, 1 << 20
#: Bytes at the end of a file that are looked at, too: rows may be sorted by their labels.
_TAIL = 1 << 16
_DELIMITERS = (b",", b";", b"\t")
_LABEL_NAMES = {"label", "labels", "class", "classes", "target", "y", "character", "letter", "digit", "category"}
_NUMBER = re.compile(rb"\s*[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d{1,3})?\s*")
_ZERO, _DROPPED = 48, b'"\r'
#: Digits of a pixel that is a whole number.
_MOST_DIGITS = 3


@dataclass(frozen=True, slots=True)
class _Layout:
    """How a table is built. `columns`: of all, with the label. `shape`: of an image, see `image_shape`."""

    delimiter: bytes
    columns: int
    header: bool
    label_first: bool
    shape: tuple[int, ...]


async def read_table(entry: Entry, work: Work) -> None:
    """Collect the images of a table. Raises DataError; UnknownKindError if its rows are no images."""
    layout = _guess_layout(await _sample(entry), entry.name, work)
    work.note_size(layout.shape)
    work.joined["table"].append(entry)
    role, line, known = array_role(entry.name), 1, dict[bytes, int]()
    async with aclosing(_pieces(entry)) as pieces:
        async for piece in pieces:
            lines = piece.split(b"\n")
            first = line
            line += len(lines)
            if first == 1 and layout.header:
                lines[0] = b""
            numbered = [(first + i, text) for i, text in enumerate(lines) if text.strip(b" ,;\t")]
            if not numbered:
                continue
            labels, values = _rows(numbered, layout, entry.name)
            images = as_28(as_grey(work.levels("table").apply(values, entry.name), layout.shape))
            for text in set(labels) - known.keys():
                known[text] = work.collector.code(_label_text(text, entry.name))
            work.collector.add(images, np.array([known[text] for text in labels], np.int32), role)
            await work.pace.breathe(entry.name)


async def _pieces(entry: Entry) -> AsyncGenerator[bytes, None]:
    """Whole lines, without quotes, carriage returns and the mark at the beginning."""
    kept, start = b"", True
    async with aclosing(Bytes(entry)) as stream:
        while data := await stream.some(_PIECE):
            if start:
                data, start = data.removeprefix(b"\xef\xbb\xbf"), False
            head, newline, tail = (kept + data.translate(None, _DROPPED)).rpartition(b"\n")
            if newline:
                yield head
            kept = tail
            if len(kept) > _MAX_LINE:
                raise DataError(f"{called(entry.name)} has a line that is too long for a table of images.")
    if kept:
        yield kept


async def _sample(entry: Entry) -> list[bytes]:
    """Some whole lines of the beginning and of the end."""
    head = (await entry.head(_PIECE)).removeprefix(b"\xef\xbb\xbf").translate(None, _DROPPED)
    lines = head.split(b"\n")
    if len(head) > _PIECE // 2:
        lines = lines[:-1] or lines
    if entry.source is not None and entry.source.size > _PIECE + _TAIL:
        tail = await entry.source.peek(entry.source.size - _TAIL, entry.source.size)
        lines += tail.translate(None, _DROPPED).split(b"\n")[1:]
    return [line for line in lines if line.strip()]


def _guess_layout(lines: list[bytes], name: str, work: Work) -> _Layout:
    if not lines:
        raise DataError(f"{called(name)} is empty.")
    delimiter = max(_DELIMITERS, key=lines[0].count)
    rows = [line.split(delimiter) for line in lines]
    columns = len(rows[0])
    shape = image_shape((columns - 1,))
    if shape is None:
        if image_shape((columns,)):
            raise UnknownKindError(
                name, f"{called(name)} has no labels, so nothing can be learnt from it: choose another file."
            )
        raise UnknownKindError(
            name,
            f"{called(name)} has {columns:,} columns; images need one for the label and, say, 784 for pixels.",
        )
    header = work.guess("header", "First line of the table", "yes" if _is_header(rows) else "no", _HEADER) == "yes"
    body = [row for row in rows[header:] if len(row) == columns]
    first = _label_is_first(rows[0] if header else [], body)
    side = work.guess("label_column", "Column of the label", "first" if first else "last", _COLUMN)
    return _Layout(delimiter, columns, header, side == "first", shape)


_HEADER = {"yes": "names of the columns", "no": "an image"}
_COLUMN = {"first": "the first", "last": "the last"}


def _is_header(rows: list[list[bytes]]) -> bool:
    """Names of columns are no numbers, or they count: 0, 1, 2, …"""
    pixels = rows[0][1:-1]
    if not all(_NUMBER.fullmatch(field) for field in pixels):
        return True
    numbers = [float(field) for field in pixels]
    return len(numbers) > 2 and all(b - a == 1 for a, b in pairwise(numbers))


def _label_is_first(names: list[bytes], body: list[list[bytes]]) -> bool:
    """By its name, or because it is text, or because the column at the other end never changes, as in a margin."""
    if names:
        said = [names[i].strip().lower().decode("latin-1") in _LABEL_NAMES for i in (0, -1)]
        if said[0] != said[1]:
            return said[0]
    text = [any(not _NUMBER.fullmatch(row[i]) for row in body) for i in (0, -1)]
    if text[0] != text[1]:
        return text[0]
    constant = [len({row[i] for row in body}) <= 1 for i in (0, -1)]
    return not (constant[0] and not constant[1])


def _rows(numbered: list[tuple[int, bytes]], layout: _Layout, name: str) -> tuple[list[bytes], NDArray[Any]]:
    """The label of each line, and the other values (n, columns - 1)."""
    labels, rest, mark = [], [], layout.delimiter
    for number, line in numbered:
        if line.count(mark) != layout.columns - 1:
            count = line.count(mark) + 1
            raise DataError(f"Line {number:,} of {called(name)} has {count:,} columns instead of {layout.columns:,}.")
        label, _, pixels = line.partition(mark) if layout.label_first else line.rpartition(mark)[::-1]
        labels.append(label)
        rest.append(pixels)
    text = mark.join(rest)
    values: NDArray[Any] | None = whole_numbers(text, mark)
    if values is None:
        values = _fractions(text, mark, numbered, layout, name)
    return labels, values.reshape(len(labels), layout.columns - 1)


def whole_numbers(text: bytes, mark: bytes) -> NDArray[np.uint8] | NDArray[np.uint16] | None:
    """The numbers of one to three digits in a text, all at once; None if there is anything else."""
    raw = np.frombuffer(text + mark, np.uint8)
    digits = raw - np.uint8(_ZERO)  # wraps, so that everything else is 10 or more
    ends = np.flatnonzero(digits > 9)
    lengths = np.diff(ends, prepend=-1) - 1
    if not (raw[ends] == mark[0]).all() or lengths.min() < 1 or lengths.max() > _MOST_DIGITS:
        return None
    values = digits[ends - 1].astype(np.uint16)
    for place, worth in ((2, 10), (3, 100)):
        values += np.where(lengths >= place, digits[ends - place] * np.uint16(worth), np.uint16(0))
    return values.astype(np.uint8) if values.max() <= 255 else values


def _fractions(
    text: bytes, mark: bytes, numbered: list[tuple[int, bytes]], layout: _Layout, name: str
) -> NDArray[np.float64]:
    fields = text.split(mark)
    try:
        return np.array([float(field) for field in fields])
    except ValueError:
        wrong = next((i for i, field in enumerate(fields) if not _NUMBER.fullmatch(field)), 0)
    number, value = numbered[wrong // (layout.columns - 1)][0], fields[wrong][:40].decode("utf-8", "replace")
    raise DataError(f"Line {number:,} of {called(name)} has {quoted(value, 20)} where a pixel's value should be.")


def _label_text(text: bytes, name: str) -> str:
    """A label as text: "3.0" is "3"."""
    label = text.decode("utf-8", "replace").strip()
    if not label:
        raise DataError(f"{called(name)} has rows without a label: give each image its class.")
    return label[:-2] if re.fullmatch(r"\d+\.0", label) else label
