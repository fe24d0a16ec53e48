"""What the page leaves in the browser besides its store, to be erased: short texts, and the copy for use offline.

The copy is in the caches that web/sw.js fills. Where the browser has neither, there is nothing to erase.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import js
from pyodide.ffi import JsException

from .convert import or_none
from .folder import named


def _texts(is_shared: Callable[[str], bool]) -> list[tuple[Any, str]]:
    """The texts of this folder, and those that earlier versions left for all folders: (storage, key)."""
    found = []
    for name in ("localStorage", "sessionStorage"):
        try:
            storage = getattr(js, name)
            keys = list(map(str, js.Object.keys(storage)))
        except (JsException, AttributeError):
            continue
        found += [(storage, key) for key in keys if key.startswith(named("")) or is_shared(key)]
    return found


def has_texts(is_shared: Callable[[str], bool]) -> bool:
    """Whether there are short texts, such as settings. `is_shared` says which keys earlier versions used."""
    return bool(_texts(is_shared))


def erase_texts(is_shared: Callable[[str], bool]) -> None:
    """Delete the short texts."""
    for storage, key in _texts(is_shared):
        storage.removeItem(key)


async def _caches() -> list[str]:
    try:
        return [name for name in map(str, await js.caches.keys()) if name.startswith(named(""))]
    except (JsException, AttributeError):
        return []


async def offline_bytes() -> int:
    """How large the copy for use offline is."""
    size = 0
    for name in await _caches():
        for response in await (await js.caches.open(name)).matchAll():
            size += (await response.blob()).size
    return size


async def erase_offline_copy() -> None:
    """Delete the copy for use offline, and its service worker, so that the next visit makes a whole one again."""
    try:
        registration = or_none(await js.navigator.serviceWorker.getRegistration())
        if registration and registration.scope == str(
            js.URL.new(".", js.document.baseURI).href
        ):  # not a folder's above
            await registration.unregister()
    except (JsException, AttributeError):
        pass
    for name in await _caches():
        await js.caches.delete(name)
