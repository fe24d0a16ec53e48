"""Decodes pictures with the browser's own decoders, in a worker: PNG, JPEG, GIF, WebP and what else it knows.

Of an animation the first frame counts. A picture that says it is huge is refused before it is decoded.
"""

from __future__ import annotations

import struct
from typing import Any

import js
import numpy as np
from numpy.typing import NDArray
from pyodide.ffi import JsException

from .convert import or_none, to_js

#: Colours as they stand in the file, so that the same picture gives the same pixels on every screen.
_AS_STORED = {"colorSpaceConversion": "none", "premultiplyAlpha": "none"}
#: A canvas of at most so many pixels is kept for the next picture of this size: to make one takes four times as long as
#: to draw on it, and many pictures of a set are alike.
_KEPT_PIXELS = 512 * 512
_kept: dict[tuple[int, int], Any] = {}


class PictureError(ValueError):
    """These bytes cannot be decoded. One sentence."""


async def decode(data: bytes, max_side: int) -> NDArray[np.uint8]:
    """The picture in `data` as RGBA, uint8 (height, width, 4), at most `max_side` a side. Raises PictureError."""
    if not hasattr(js, "OffscreenCanvas"):
        raise PictureError("This browser cannot read pictures here: bring a CSV or idx file, or use a newer browser.")
    _check_size(*(picture_size(data) or (1, 1)), max_side)
    try:
        bitmap = await js.createImageBitmap(js.Blob.new(js.Array.of(to_js(data))), to_js(_AS_STORED))
    except JsException as error:
        raise PictureError("It is no picture that this browser can read.") from error
    try:
        _check_size(bitmap.width, bitmap.height, max_side)
        return _pixels(bitmap)
    finally:
        bitmap.close()


def _pixels(bitmap: Any) -> NDArray[np.uint8]:
    width, height = bitmap.width, bitmap.height
    context = _kept.get((width, height)) or _context(width, height)
    context.drawImage(bitmap, 0, 0)
    pixels = context.getImageData(0, 0, width, height).data.to_bytes()
    return np.frombuffer(pixels, np.uint8).reshape(height, width, 4)


def _context(width: int, height: int) -> Any:
    context = or_none(js.OffscreenCanvas.new(width, height).getContext("2d", to_js({"willReadFrequently": True})))
    if context is None:
        raise PictureError("This browser cannot read pictures here: bring a CSV or idx file, or use a newer browser.")
    context.globalCompositeOperation = "copy"  # nothing of the picture before shows through
    _kept.clear()
    if width * height <= _KEPT_PIXELS:
        _kept[width, height] = context
    return context


def _check_size(width: int, height: int, max_side: int) -> None:
    if max(width, height) > max_side:
        raise PictureError(f"It has {width:,} x {height:,} pixels; at most {max_side:,} on a side can be read.")


def picture_size(data: bytes) -> tuple[int, int] | None:
    """(width, height) as the file says; None if its kind is another or the file is damaged."""
    try:
        if data.startswith(b"\x89PNG"):
            return struct.unpack_from(">II", data, 16)
        if data.startswith(b"GIF8"):
            return struct.unpack_from("<HH", data, 6)
        if data.startswith(b"BM"):
            width, height = struct.unpack_from("<ii", data, 18)
            return abs(width), abs(height)
        if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
            return _webp_size(data)
        if data.startswith(b"\xff\xd8"):
            return _jpeg_size(data)
    except struct.error:  # it breaks off
        pass
    return None


def _webp_size(data: bytes) -> tuple[int, int] | None:
    """https://developers.google.com/speed/webp/docs/riff_container"""
    kind = data[12:16]
    if kind == b"VP8X":
        return tuple(int.from_bytes(data[at : at + 3], "little") + 1 for at in (24, 27))  # type: ignore[return-value]
    if kind == b"VP8L":
        (bits,) = struct.unpack_from("<I", data, 21)
        return (bits & 0x3FFF) + 1, ((bits >> 14) & 0x3FFF) + 1
    if kind == b"VP8 ":
        width, height = struct.unpack_from("<HH", data, 26)
        return width & 0x3FFF, height & 0x3FFF
    return None


def _jpeg_size(data: bytes) -> tuple[int, int] | None:
    """From the frame header: https://www.w3.org/Graphics/JPEG/itu-t81.pdf, B.2.2."""
    at = 2
    while at + 4 <= len(data) and data[at] == 0xFF:
        marker, length = data[at + 1], struct.unpack_from(">H", data, at + 2)[0]
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            height, width = struct.unpack_from(">HH", data, at + 5)
            return width, height
        at += 2 + max(length, 2)
    return None
