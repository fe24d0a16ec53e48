"""Fetches files of the site, and unpacks what is compressed. Caches nothing: the browser does that."""

from __future__ import annotations

import re
from typing import Any

import js
import pyodide_js
from pyodide.ffi import JsException

from .convert import to_js

#: A host answers so for a file that it does not have. Names have hashes, so the page was made for another version.
GONE = (404, 410)

#: At the end of a URL: what caches have of this file is damaged.
AGAIN = "?again"


class FetchError(OSError):
    """A file could not be fetched. One sentence that the page can show."""


async def _fetch(url: str) -> Any:
    """The contents of a file as an ArrayBuffer. One that does not fit its name is fetched again, past all caches.

    So is one whose URL ends in `AGAIN`.
    """
    if url.endswith(AGAIN):
        return await _fetch_once(url.removesuffix(AGAIN), "reload")
    content = await _fetch_once(url, "default")
    if await _fits_its_name(url, content):
        return content
    content = await _fetch_once(url, "reload")
    if await _fits_its_name(url, content):
        return content
    raise FetchError(f"{_name(url)} arrives damaged. Does this network ask you to sign in first? Then reload the page.")


async def _fetch_once(url: str, cache: str) -> Any:
    name = _name(url)
    try:
        response = await js.fetch(url, to_js({"cache": cache}))
        if response.status in GONE:
            raise FetchError(f"{name} is no longer on this site: a newer version is there. Reload the page.")
        if not response.ok:
            raise FetchError(f"The file {name} could not be fetched (status {response.status}).")
        return await response.arrayBuffer()
    except JsException as error:
        raise FetchError(f"The file {name} could not be fetched: is the network down?") from error


def _name(url: str) -> str:
    return url.rsplit("/", 1)[-1]


async def _fits_its_name(url: str, content: Any) -> bool:
    """Whether the hash of a file is the one in its name, if there is one (`sitebuild.output`).

    A portal that asks one to sign in answers with a page of its own, and the browser may keep that.
    """
    found = re.search(r"\.([0-9a-f]{10})\.\w+$", url)
    if found is None or not hasattr(js.crypto, "subtle"):  # only pages from https have it
        return True
    digest = (await js.crypto.subtle.digest("SHA-256", content)).to_bytes()
    return bool(digest.hex().startswith(found[1]))


async def fetch_bytes(url: str) -> bytes:
    """The contents of a file. `url` is relative to the page. Raises FetchError."""
    content: bytes = (await _fetch(url)).to_bytes()
    return content


async def unpack(url: str, folder: str) -> None:
    """Fetch a zip and unpack it into this interpreter's file system. Raises FetchError."""
    pyodide_js.unpackArchive(await _fetch(url), "zip", to_js({"extractDir": folder}))


def can_inflate() -> bool:
    """Whether this browser has DecompressionStream: gzip many times faster than Python's, and off its thread."""
    return hasattr(js, "DecompressionStream")


async def inflate(data: bytes) -> bytes:
    """The contents of a gzip file. Raises ValueError if it is damaged. https://compression.spec.whatwg.org/"""
    try:
        stream = js.Blob.new(js.Array.of(to_js(data))).stream().pipeThrough(js.DecompressionStream.new("gzip"))
        content: bytes = (await js.Response.new(stream).arrayBuffer()).to_bytes()
    except JsException as error:
        raise ValueError("The data is not a whole gzip file.") from error
    return content
