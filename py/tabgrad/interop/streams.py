"""The browser's own gzip: DecompressionStream, which inflates off the Python thread and many times faster than it."""

from __future__ import annotations

import js
from pyodide.ffi import JsException, to_js


def can_inflate() -> bool:
    """Whether this browser has DecompressionStream."""
    return hasattr(js, "DecompressionStream")


async def inflate(data: bytes) -> bytes:
    """The contents of a gzip file. Raises ValueError if it is damaged."""
    try:
        packed = js.Blob.new(js.Array.of(to_js(data)))
        stream = packed.stream().pipeThrough(js.DecompressionStream.new("gzip"))
        content: bytes = (await js.Response.new(stream).arrayBuffer()).to_bytes()
    except JsException as error:
        raise ValueError("The data is not a whole gzip file.") from error
    return content
