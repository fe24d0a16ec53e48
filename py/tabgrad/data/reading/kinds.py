"""What kind of file it is, by its first bytes; a picture by its name, so that thousands are not opened twice.

Also the sentences for what this page does not read.
"""

from __future__ import annotations

import re
from typing import Literal

from tabgrad.data.base import DataError

from .streams import called

Kind = Literal["gzip", "zip", "idx", "npy", "table", "mapping", "picture"]

#: Names that browsers decode. The decoder says no to what it cannot read.
_PICTURE_NAME = re.compile(r"\.(png|jpe?g|jfif|gif|bmp|webp|avif|ico|svg)$", re.IGNORECASE)
_PICTURE_HEADS = (b"\x89PNG\r\n", b"\xff\xd8\xff", b"GIF8", b"BM")
#: What systems leave in folders and archives.
_LITTER = re.compile(r"(^|/)(__MACOSX/|\.|Thumbs\.db$|desktop\.ini$)", re.IGNORECASE)
#: The type of values (uint8, int8, int16, int32, float32, float64), and the number of dimensions.
_IDX = re.compile(rb"\0\0[\x08\x09\x0b-\x0e][\x01-\x04]", re.DOTALL)
_MARKUP = re.compile(rb"\s*(<!doctype html|<html|<head|<body)", re.IGNORECASE)
_SVG = re.compile(rb"\s*(<\?xml[^>]*>\s*)?(<!--.*?-->\s*)?(<!doctype svg[^>]*>\s*)?<svg", re.IGNORECASE | re.DOTALL)
#: Two or more numbers with spaces on each line: EMNIST's mapping from labels to character codes.
_MAPPING = re.compile(rb"\s*\d+(?:[ \t]+\d+)+[ \t]*(?:\r?\n|$)")
_FOREIGN: dict[bytes, str] = {
    b"\x89HDF": "an HDF5 file",
    b"MATLAB": "a MATLAB file",
    b"PAR1": "a Parquet file",
    b"Rar!": "a RAR archive",
    b"7z\xbc\xaf": "a 7z archive",
    b"BZh": "a bzip2 archive",
    b"\xfd7zXZ": "an xz archive",
    b"%PDF": "a PDF",
    b"\x80\x02": "a pickle, which could run code",
    b"\x80\x03": "a pickle, which could run code",
    b"\x80\x04": "a pickle, which could run code",
    b"\x80\x05": "a pickle, which could run code",
    b"II*\0": "a TIFF picture",
    b"MM\0*": "a TIFF picture",
    b"{": "a JSON file",
}
_READ = "this page reads idx, npz, npy, CSV, pictures and zip"


class UnknownKindError(DataError):
    """A file `name` of no kind that is read. Among files that are read it is left out."""

    def __init__(self, name: str, sentence: str) -> None:
        super().__init__(sentence)
        self.name = name


def is_litter(name: str) -> bool:
    """Whether a file is nobody's data, such as `.DS_Store`."""
    return bool(_LITTER.search(name.replace("\\", "/")))


def is_picture_name(name: str) -> bool:
    """Whether a file's name ends like a picture's."""
    return bool(_PICTURE_NAME.search(name))


def is_svg(name: str, head: bytes = b"") -> bool:
    """Whether a picture is an SVG, by its name or its first bytes: browsers do not decode these in a worker."""
    return name.lower().endswith(".svg") or bool(_SVG.match(head))


def kind_of(name: str, head: bytes) -> Kind:
    """The kind of the file `name` that begins with `head`. Raises UnknownKindError, or DataError for a wrong file."""
    if not head:
        raise DataError(f"{called(name)} is empty.")
    if _MARKUP.match(head):
        raise DataError(
            f"{called(name)} is a web page, not data: fetch the file itself, with the download button there."
        )
    if head.startswith((b"\x1f\x8b", b"PK\x03\x04", b"PK\x05\x06")):
        return "gzip" if head[0] == 0x1F else "zip"
    if head.startswith(b"\x93NUMPY"):
        return "npy"
    if _IDX.match(head):
        return "idx"
    if head.startswith(_PICTURE_HEADS) or head[8:12] in (b"WEBP",) or _SVG.match(head):
        return "picture"
    if head[257:262] == b"ustar":
        raise UnknownKindError(name, f"{called(name)} is a tar archive; {_READ}.")
    for start, what in _FOREIGN.items():
        if head.startswith(start):
            raise UnknownKindError(name, f"{called(name)} is {what}; {_READ}.")
    return _kind_of_text(name, head)


def _kind_of_text(name: str, head: bytes) -> Kind:
    line = head.split(b"\n", 1)[0]
    if b"\0" not in head:
        if _MAPPING.match(head) and not any(mark in line for mark in b",;\t"):
            return "mapping"
        if max(line.count(mark) for mark in (b",", b";", b"\t")) >= 1:
            return "table"
    if set(head[:64]) == {0}:
        raise DataError(f"{called(name)} has only zeros at its beginning: fetch it again.")
    raise UnknownKindError(name, f"{called(name)} is no data that can be read here; {_READ}.")
