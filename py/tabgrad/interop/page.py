"""What a page can do besides its document: its address, files to and from the visitor, scripts loaded when needed.

Thin, decides nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import js
from pyodide.ffi import JsException

from .convert import js_function, release, to_js


def query() -> str:
    """The address's query, without the question mark."""
    return str(js.location.search).removeprefix("?")


def replace_query(text: str) -> None:
    """Change the address's query without loading anything; the fragment stays."""
    url = js.URL.new(js.location.href)
    url.search = text
    js.history.replaceState(None, "", url.href)


def fragment() -> str:
    """The address's fragment, without the number sign."""
    return str(js.location.hash).removeprefix("#")


def replace_fragment(text: str) -> None:
    """Change the address's fragment without a jump and without a step of history; empty takes it away."""
    url = js.URL.new(js.location.href)
    url.hash = text
    js.history.replaceState(None, "", url.href)


def download(name: str, content: bytes, kind: str = "application/octet-stream") -> None:
    """Hand a file to the visitor."""
    array = js.Uint8Array.new(len(content))
    array.assign(content)
    url = js.URL.createObjectURL(js.Blob.new(js.Array.of(array), to_js({"type": kind})))
    link = js.document.createElement("a")
    link.href, link.download = url, name
    link.click()
    js.URL.revokeObjectURL(url)


async def chosen_file(file_input: Any) -> bytes | None:
    """The contents of the file that the visitor chose in an `<input type="file">`, which is then empty again."""
    if not file_input.files.length:
        return None
    content: bytes = (await file_input.files.item(0).arrayBuffer()).to_bytes()
    file_input.value = ""
    return content


def ensure_locale() -> None:
    """Have `navigator.language` name a locale that the browser's own Intl takes; English where it does not.

    WebKitGTK hands on the system's locale as it is, and under LANG=C.UTF-8 that is no language tag
    (https://www.rfc-editor.org/rfc/rfc5646): a library that formats numbers in it throws while it loads.
    """
    try:
        js.Intl.getCanonicalLocales(js.navigator.language)
    except JsException:
        js.Object.defineProperty(js.navigator, "language", to_js({"value": "en", "configurable": True}))


async def load_script(url: str) -> None:
    """Load a classic script of this site. Raises OSError with one sentence."""
    script = js.document.createElement("script")
    loaded: asyncio.Future[bool] = asyncio.get_running_loop().create_future()

    def settle(event: Any) -> None:
        if not loaded.done():
            loaded.set_result(event.type == "load")

    proxy = js_function(settle)
    script.addEventListener("load", proxy)
    script.addEventListener("error", proxy)
    script.src = url
    js.document.head.appendChild(script)
    try:
        if not await loaded:
            raise OSError(f"The script {url.rsplit('/', 1)[-1]} could not be fetched: is the network down?")
    finally:
        release(proxy)


def on_hidden(call: Callable[[], object]) -> None:
    """Have `call` called each time the tab is hidden or about to go, for as long as the page lives."""

    def changed(_event: Any) -> None:
        if js.document.visibilityState == "hidden":
            call()

    js.document.addEventListener("visibilitychange", js_function(changed))
