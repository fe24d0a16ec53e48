"""Converts Python values to JavaScript and back. Owns every PyProxy of the package; knows no web API.

It avoids two traps of Pyodide. Nested lists and dicts in keyword arguments become *borrowed* proxies that break after
the call, so `to_js` converts descriptors deeply. A proxy that is created and never destroyed keeps its Python object
alive, so proxies are created and released here only, in pairs, and counted for the leak tests.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import js
from pyodide.ffi import JsProxy, create_proxy, jsnull
from pyodide.ffi import to_js as pyodide_to_js

#: Proxies that are not released yet, by id(), since a JsProxy cannot be hashed.
_live: dict[int, JsProxy] = {}


def to_js(value: Any) -> Any:
    """A deep JavaScript copy: dict -> Object, list and tuple -> Array, bytes -> Uint8Array.

    JavaScript objects inside stay as they are.

    Raises pyodide.ffi.ConversionError for a value that would need a proxy (for a callable use `js_function`).
    """
    return pyodide_to_js(value, create_pyproxies=False, dict_converter=js.Object.fromEntries)


def camel_case(name: str) -> str:
    """`entry_point` -> `entryPoint`."""
    head, *rest = name.split("_")
    return head + "".join(word.capitalize() for word in rest)


def or_none(value: Any) -> Any:
    """None for JavaScript's null, which Pyodide represents by the falsy `jsnull`; any other value unchanged."""
    return None if value is jsnull else value


def js_function(function: Callable[..., Any]) -> Any:
    """A JavaScript function that calls `function` until `release` is called with it."""
    proxy = create_proxy(function)
    _live[id(proxy)] = proxy
    return proxy


def release(proxy: Any) -> None:
    """Destroy a proxy of `js_function`; calling it from JavaScript afterwards is an error. Idempotent."""
    if _live.pop(id(proxy), None) is not None:
        proxy.destroy()


async def first_event(target: Any, *names: str) -> str:
    """Wait for the first of these events of a JavaScript object; returns its name."""
    future: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    def settle(event: Any) -> None:
        if not future.done():
            future.set_result(str(event.type))

    proxy = js_function(settle)
    for name in names:
        target.addEventListener(name, proxy)
    try:
        return await future
    finally:
        for name in names:
            target.removeEventListener(name, proxy)
        release(proxy)


def live_proxies() -> int:
    """How many proxies of `js_function` have not been released. Leak tests check that it does not grow."""
    return len(_live)
