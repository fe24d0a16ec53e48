"""Arrays in files, read row by row: idx (MNIST's format) and npy (NumPy's, also inside npz).

Nothing is unpickled: the header of an npy file is matched, not evaluated, and arrays of objects are refused.
npy: https://numpy.org/doc/2.2/reference/generated/numpy.lib.format.html; idx: http://yann.lecun.com/exdb/mnist/.
"""

from __future__ import annotations

import math
import re
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tabgrad.alphabet import MAX_CLASSES
from tabgrad.data.base import DataError

from .collect import check_classes
from .sampling import image_shape
from .streams import CHUNK, MAX_WHOLE, Bytes, Entry, called, check_unpacked
from .words import has_label_name

#: Bytes of a header, of a row, and rows of an array.
_MAX_HEADER, _MAX_ROW, _MAX_ROWS = 1 << 16, 1 << 24, 1 << 23
_IDX_TYPES = {8: ">u1", 9: ">i1", 11: ">i2", 12: ">i4", 13: ">f4", 14: ">f8"}
_DESCR = re.compile(r"'descr': *'([<>|=]?)([biufUSO])(\d*)'")
_SHAPE = re.compile(r"'shape': *\(([\d, ]*)\)")
_FORTRAN = re.compile(r"'fortran_order': *(True|False)")
#: Sizes of numbers in bytes.
_SIZES = {"b": (1,), "i": (1, 2, 4, 8), "u": (1, 2, 4, 8), "f": (2, 4, 8)}
#: Characters of a label in an array of text.
_MAX_TEXT = 256
#: One-hot labels have a column for each class; with more columns than this they could be images.
_MAX_ONE_HOT = 48


@dataclass(frozen=True, slots=True)
class ArrayFile:
    """An array in an entry. `offset`: bytes before its values. `by_columns`: Fortran's order."""

    entry: Entry
    dtype: np.dtype[Any]
    shape: tuple[int, ...]
    offset: int
    by_columns: bool = False

    @property
    def name(self) -> str:
        return self.entry.name

    @property
    def has_labels(self) -> bool:
        """Whether these are labels: numbers or texts, one a row, or a column for each class."""
        if self.dtype.kind in "US" or len(self.shape) == 1:
            return len(self.shape) == 1 or self.shape[1:] == (1,)
        columns = self.shape[1] if len(self.shape) == 2 else 0
        return columns == 1 or (1 < columns <= _MAX_ONE_HOT and (has_label_name(self.name) or columns <= MAX_CLASSES))

    @property
    def has_images(self) -> bool:
        """Whether the rows can be images."""
        return not self.has_labels and self.dtype.kind not in "US" and image_shape(self.shape[1:]) is not None

    def check_size(self) -> None:
        """Raises DataError if the header says that more comes out of an archive than may."""
        if self.entry.source is None:
            check_unpacked(self.offset + math.prod(self.shape) * self.dtype.itemsize, self.name)

    async def rows(self) -> AsyncIterator[NDArray[Any]]:
        """All rows in chunks (k, …). Raises DataError if there are fewer than the header says, or more."""
        row = max(1, math.prod(self.shape[1:]) * self.dtype.itemsize)
        async with aclosing(Bytes(self.entry)) as stream:
            await stream.exactly(self.offset)
            if self.by_columns:
                yield await self._from_columns(stream, row)
            else:
                step = max(1, CHUNK // row)
                for start in range(0, self.shape[0], step):
                    count = min(step, self.shape[0] - start)
                    data = await stream.exactly(count * row)
                    yield np.frombuffer(data, self.dtype).reshape(count, *self.shape[1:])
            if await stream.some(1):
                raise DataError(f"{called(self.name)} has more values than its header says: fetch it again.")

    async def _from_columns(self, stream: Bytes, row: int) -> NDArray[Any]:
        if self.shape[0] * row > MAX_WHOLE // 2:
            raise DataError(f"{called(self.name)} is stored column by column, too much at once: save it row by row.")
        data = await stream.exactly(self.shape[0] * row)
        return np.ascontiguousarray(np.frombuffer(data, self.dtype).reshape(self.shape[::-1]).T)


async def open_idx(entry: Entry) -> ArrayFile:
    """The array of an idx file. Raises DataError."""
    head = await entry.head(20)
    dims = head[3]
    if len(head) < 4 + 4 * dims:
        raise DataError(f"{called(entry.name)} breaks off in its header: fetch it again.")
    shape = tuple(int.from_bytes(head[4 + 4 * i : 8 + 4 * i], "big") for i in range(dims))
    return _checked(ArrayFile(entry, np.dtype(_IDX_TYPES[head[2]]), shape, 4 + 4 * dims))


async def open_npy(entry: Entry) -> ArrayFile:
    """The array of an npy file. Raises DataError."""
    head = await entry.head(_MAX_HEADER)
    wide = head[6:7] != b"\x01"
    length, start = (int.from_bytes(head[8:12], "little"), 12) if wide else (int.from_bytes(head[8:10], "little"), 10)
    text = head[start : start + length].decode("latin-1")
    descr, shape, order = (pattern.search(text) for pattern in (_DESCR, _SHAPE, _FORTRAN))
    if len(text) < length or shape is None or order is None:
        raise DataError(f"The header of {called(entry.name)} is damaged or too long: fetch it again.")
    if descr is None or descr[2] == "O":
        what = (
            "Python objects, which could run code" if descr or "'descr': '|O'" in text else "values that are no numbers"
        )
        raise DataError(f"{called(entry.name)} holds {what}: save it as an array of numbers.")
    kind, size = descr[2], int(descr[3][:4] or 1)
    if size not in _SIZES.get(kind, range(1, _MAX_TEXT + 1)):
        raise DataError(f"{called(entry.name)} holds values of {size} bytes, which cannot be read here.")
    sizes = tuple(int(n[:18]) for n in shape[1].replace(",", " ").split())
    code = "u1" if kind == "b" else f"{descr[1]}{kind}{size}"
    return _checked(ArrayFile(entry, np.dtype(code), sizes, start + length, order[1] == "True"))


def _checked(array: ArrayFile) -> ArrayFile:
    name, shape = called(array.name), array.shape
    if not shape or shape[0] == 0:
        raise DataError(f"{name} is an array without images.")
    row = math.prod(shape[1:]) * array.dtype.itemsize
    if not 0 < row <= _MAX_ROW or shape[0] > _MAX_ROWS:
        raise DataError(f"{name} is an array of a size that cannot be read: its header may be damaged.")
    source = array.entry.source
    if source is not None and source.size != array.offset + shape[0] * row:
        less = source.size < array.offset + shape[0] * row
        raise DataError(f"{name} has {'fewer' if less else 'more'} values than its header says: fetch it again.")
    return array


async def read_labels(array: ArrayFile) -> tuple[NDArray[np.int32], list[str]]:
    """Labels as codes int32 (n,), and the text of each code. Raises DataError."""
    codes, texts = [], dict[str, int]()
    async for rows in array.rows():
        values, places = np.unique(_one_a_row(rows.reshape(len(rows), -1), array.name), return_inverse=True)
        check_classes(len(values))
        found = [texts.setdefault(text, len(texts)) for text in _texts(values, array.name)]
        check_classes(len(texts))
        codes.append(np.array(found, np.int32)[places.reshape(-1)])
    return np.concatenate(codes), list(texts)


def _one_a_row(rows: NDArray[Any], name: str) -> NDArray[Any]:
    """One value a row, (n, columns) -> (n,): where there are columns for the classes, the number of the column."""
    if rows.shape[1] == 1:
        return rows[:, 0]
    if not ((rows != 0).sum(1) == 1).all():
        raise DataError(f"{called(name)} has rows that do not name one class: exactly one column must be 1.")
    columns: NDArray[np.intp] = rows.argmax(1)
    return columns


def _texts(values: NDArray[Any], name: str) -> list[str]:
    if values.dtype.kind == "S":
        return [v.decode("utf-8", "replace") for v in values.tolist()]
    if values.dtype.kind == "U":
        try:
            return [str(v).encode("utf-8", "replace").decode() for v in values.tolist()]
        except ValueError as error:  # no code point of Unicode
            raise DataError(f"{called(name)} has labels that are no text: fetch it again.") from error
    if values.dtype.kind == "f" and not (np.isfinite(values).all() and (values == np.rint(values)).all()):
        raise DataError(f"{called(name)} has labels that are no whole numbers: each class needs its number.")
    return [str(int(v)) for v in values.tolist()]
