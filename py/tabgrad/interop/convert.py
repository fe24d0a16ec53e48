"""Python values across to JavaScript and back. Owns every PyProxy of the package; knows no web API.

Two traps of Pyodide end here. Nested lists and dicts in keyword arguments become *borrowed* proxies that break after
the call, so descriptors are converted deeply, in `to_js`, and nowhere else. A `create_proxy` without its `destroy`
keeps the Python object alive forever, so proxies are made and released in pairs here and counted for the leak tests.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import js
from pyodide.ffi import JsProxy, create_proxy, jsnull
from pyodide.ffi import to_js as pyodide_to_js

#: Proxies not yet released, by id(): a JsProxy cannot be hashed.
_live: dict[int, JsProxy] = {}


def to_js(value: Any) -> Any:
    """A deep JavaScript copy: dict -> Object, list and tuple -> Array; JavaScript objects inside pass through.

    Raises pyodide.ffi.ConversionError for anything that would need a proxy (a callable: use `js_function`).
    """
    return pyodide_to_js(value, create_pyproxies=False, dict_converter=js.Object.fromEntries)


def camel_case(name: str) -> str:
    """`entry_point` -> `entryPoint`."""
    head, *rest = name.split("_")
    return head + "".join(word.capitalize() for word in rest)


def or_none(value: Any) -> Any:
    """JavaScript's null, which Pyodide shows as the falsy `jsnull`, as None; everything else as it is."""
    return None if value is jsnull else value


def js_function(function: Callable[..., Any]) -> Any:
    """A JavaScript function that calls `function` until `release` is called with it."""
    proxy = create_proxy(function)
    _live[id(proxy)] = proxy
    return proxy


def release(proxy: Any) -> None:
    """Destroy a proxy made by `js_function`. Calling it from JavaScript afterwards is an error. Idempotent."""
    if _live.pop(id(proxy), None) is not None:
        proxy.destroy()


def live_proxies() -> int:
    """How many proxies of `js_function` have not been released: flat over any number of steps."""
    return len(_live)
