"""The part of pyodide.ffi that tabgrad.interop uses."""

from collections.abc import Awaitable, Callable, Iterable
from typing import Any

class JsProxy:
    def __getattr__(self, name: str) -> Any: ...

class JsException(Exception): ...
class JsNull: ...

jsnull: JsNull

def to_js(
    obj: Any,
    /,
    *,
    depth: int = -1,
    create_pyproxies: bool = True,
    dict_converter: Callable[[Iterable[Any]], Any] | None = None,
) -> Any: ...
def create_proxy(obj: Any, /, *, capture_this: bool = False, roundtrip: bool = True) -> JsProxy: ...
def create_once_callable(obj: Any, /) -> JsProxy: ...
def run_sync(awaitable: Awaitable[Any], /) -> Any: ...
