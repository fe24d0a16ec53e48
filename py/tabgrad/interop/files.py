"""Fetches files of the site. Every failure is one sentence. Caches nothing: the browser does that."""

from __future__ import annotations

import js
from pyodide.ffi import JsException


class FetchError(OSError):
    """A file could not be fetched. One sentence that the page can show."""


async def fetch_bytes(url: str) -> bytes:
    """The contents of a file. `url` is relative to the page. Raises FetchError."""
    name = url.rsplit("/", 1)[-1]
    try:
        response = await js.fetch(url)
        if not response.ok:
            raise FetchError(f"The file {name} could not be fetched (status {response.status}).")
        content: bytes = (await response.arrayBuffer()).to_bytes()
    except JsException as error:
        raise FetchError(f"The file {name} could not be fetched: is the network down?") from error
    return content
