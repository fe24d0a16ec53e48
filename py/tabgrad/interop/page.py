"""The page apart from its document: its address, downloads and chosen files, scripts loaded on demand.

It decides nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import js
import pyodide_js
from pyodide.ffi import JsException

from .convert import first_event, js_function, or_none, to_js
from .folder import named


def href() -> str:
    """The address, all of it."""
    return str(js.location.href)


def query() -> str:
    """The query of the address, without the question mark."""
    return str(js.location.search).removeprefix("?")


def replace_query(text: str) -> None:
    """Change the query of the address without reloading the page; the fragment stays."""
    url = js.URL.new(js.location.href)
    url.search = text
    _replace(url)


def fragment() -> str:
    """The fragment of the address, without the number sign."""
    return str(js.location.hash).removeprefix("#")


def replace_fragment(text: str) -> None:
    """Change the fragment of the address without scrolling and without a history entry; empty removes it."""
    url = js.URL.new(js.location.href)
    url.hash = text
    _replace(url)


def _replace(url: Any) -> None:
    """Does nothing where the browser refuses: in a frame with `sandbox`, or after very many changes in a short time."""
    with suppress(JsException):
        js.history.replaceState(None, "", url.href)


def scroll_to_top() -> None:
    """Scroll the document, not what scrolls by itself in it, to its beginning."""
    js.scrollTo(0, 0)


class Download:
    """A file for the visitor, made of pieces. The browser keeps them, on disk if it likes; Python's memory does not."""

    def __init__(self) -> None:
        self._pieces = js.Array.new()

    def add(self, content: bytes) -> None:
        """The next piece."""
        self._pieces.push(js.Blob.new(js.Array.of(to_js(content))))

    def save(self, name: str, kind: str = "application/octet-stream") -> None:
        """Download what was added to the visitor's computer. `kind` is its MIME type."""
        url = js.URL.createObjectURL(js.Blob.new(self._pieces, to_js({"type": kind})))
        link = js.document.createElement("a")
        link.href, link.download = url, name
        link.click()
        js.URL.revokeObjectURL(url)


def download(name: str, content: bytes, kind: str = "application/octet-stream") -> None:
    """Download a file to the visitor's computer. `kind` is its MIME type."""
    whole = Download()
    whole.add(content)
    whole.save(name, kind)


class FileError(OSError):
    """A file that the visitor chose cannot be read. One sentence that the page can show."""


async def chosen_file(file_input: Any, most_bytes: int) -> bytes | None:
    """The file chosen in an `<input type="file">`, or None if there is none. Empties the input.

    Raises FileError, without reading it, if the file has more than `most_bytes`, and if the browser cannot read it.
    """
    if not file_input.files.length:
        return None
    file = file_input.files.item(0)
    file_input.value = ""  # so that the same file can be chosen again, whatever comes of this
    if file.size > most_bytes:
        size, most = (f"{n / 1e6:,.0f} MB" for n in (file.size, most_bytes))
        raise FileError(f"This file has {size}. The page reads files of at most {most} here.")
    try:
        content: bytes = (await file.arrayBuffer()).to_bytes()
    except JsException as error:
        raise FileError("The browser cannot read this file. Has it been moved, changed or deleted?") from error
    return content


def ensure_locale() -> None:
    """Make sure that `navigator.language` is a locale that the browser's own Intl accepts; if not, make it English.

    WebKitGTK reports the system's locale unchanged. With LANG=C.UTF-8 it is not a language tag
    (https://www.rfc-editor.org/rfc/rfc5646), and a library that formats numbers with it throws when it is loaded.
    """
    try:
        js.Intl.getCanonicalLocales(js.navigator.language)
    except JsException:
        js.Object.defineProperty(js.navigator, "language", to_js({"value": "en", "configurable": True}))


async def load_script(url: str) -> None:
    """Load a classic script (not a module) of this site. Raises OSError with one sentence."""
    script = js.document.createElement("script")
    script.src = url
    js.document.head.appendChild(script)
    if await first_event(script, "load", "error") == "error":
        raise OSError(f"The script {url.rsplit('/', 1)[-1]} could not be fetched: is the network down?")


def on_hidden(call: Callable[[], object]) -> None:
    """Call `call` whenever the tab is hidden or closed, as long as the page lives."""
    _on_visibility("hidden", call)


def on_visible(call: Callable[[], object]) -> None:
    """Call `call` whenever the tab is in sight again, as long as the page lives."""
    _on_visibility("visible", call)


def _on_visibility(state: str, call: Callable[[], object]) -> None:
    def changed(_event: Any) -> None:
        if js.document.visibilityState == state:
            call()

    js.document.addEventListener("visibilitychange", js_function(changed))


def show_pulse() -> None:
    """Let web/heartbeat.js see every second whether Python lives."""
    js.tabgradBoot.pyodide = pyodide_js


def on_leaving(call: Callable[[], object]) -> None:
    """Call `call` when the page is reloaded or left, as long as it lives. It must not wait for anything."""
    js.window.addEventListener("pagehide", js_function(lambda _event: call()))


def keep_for_reload(key: str, value: str) -> None:
    """Keep a text in this tab until it is closed; an empty one is forgotten. Does nothing without storage."""
    try:
        if value:
            js.sessionStorage.setItem(named(key), value)
        else:
            js.sessionStorage.removeItem(named(key))
    except (JsException, AttributeError):
        return


def kept_for_reload(key: str) -> str:
    """What this tab has kept under `key`; empty if it is nothing."""
    try:
        return str(or_none(js.sessionStorage.getItem(named(key))) or "")
    except (JsException, AttributeError):
        return ""


async def copy(text: str) -> bool:
    """Put a text on the clipboard. False where the browser does not let the page."""
    try:
        await js.navigator.clipboard.writeText(text)
    except (JsException, AttributeError):  # refused; or no clipboard, as in a page without HTTPS
        return False
    return True
