"""The browser's WebAssembly: a memory, modules compiled in parallel, and their functions. It decides nothing.

Python runs in a WebAssembly memory of its own, so every array is copied once, through a JavaScript view that is kept
until the memory grows (growth detaches all views). https://webassembly.github.io/spec/js-api/
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import js
from pyodide.ffi import JsException, to_js

#: The most views that are kept; more than a program has buffers that are read or written in a loop.
MAX_VIEWS = 256


class WebAssemblyError(RuntimeError):
    """The browser refuses a module or more memory. One sentence that the page can show."""


def validate(binary: bytes) -> bool:
    """Whether this browser accepts the module: whether it has the instructions that it uses."""
    return bool(js.WebAssembly.validate(to_js(binary)))


class Memory:
    """WebAssembly.Memory, in pages of 64 KiB."""

    def __init__(self) -> None:
        self.js = js.WebAssembly.Memory.new(js.Object.fromEntries(to_js([["initial", 1]])))
        self._views: dict[tuple[int, int], Any] = {}
        self._pages = 1

    def reserve(self, pages: int) -> None:
        """Grow to at least `pages`."""
        if pages <= self._pages:
            return
        try:
            self.js.grow(pages - self._pages)
        except JsException as error:
            raise WebAssemblyError(
                f"This needs {pages >> 4} MB of memory, which the browser does not give it."
            ) from error
        self._pages = pages
        self._views.clear()

    def write(self, address: int, data: memoryview) -> None:
        """Copy contiguous bytes in."""
        self._view(address, data.nbytes).assign(data)

    def read(self, address: int, out: memoryview) -> None:
        """Copy contiguous bytes out."""
        self._view(address, out.nbytes).assign_to(out)

    def _view(self, address: int, size: int) -> Any:
        if (view := self._views.get((address, size))) is None:
            if len(self._views) >= MAX_VIEWS:
                self._views.clear()
            view = self._views[address, size] = js.Uint8Array.new(self.js.buffer, address, size)
        return view


def _imports(memory: Memory, path: tuple[str, str], functions: Mapping[tuple[str, str], Any]) -> Any:
    """The import object: module -> name -> value."""
    imports = js.Object.new()
    for (module, name), value in {path: memory.js, **functions}.items():
        if not js.Reflect.has(imports, module):
            js.Reflect.set(imports, module, js.Object.new())
        js.Reflect.set(js.Reflect.get(imports, module), name, value)
    return imports


async def instantiate(binaries: Sequence[bytes], memory: Memory, path: tuple[str, str]) -> list[Any]:
    """Compile and instantiate modules in parallel; returns their exports. They import only the memory, as `path`."""
    imports = _imports(memory, path, {})
    try:
        made = await asyncio.gather(*(js.WebAssembly.instantiate(to_js(b), imports) for b in binaries))
    except JsException as error:
        raise WebAssemblyError(f"The browser refuses a WebAssembly kernel: {error}") from error
    return [result.instance.exports for result in made]


def link(
    binary: bytes, memory: Memory, path: tuple[str, str], functions: Mapping[tuple[str, str], Any]
) -> Callable[..., None]:
    """Compile and instantiate one small module that also imports functions; returns its export `run`."""
    try:
        module = js.WebAssembly.Module.new(to_js(binary))
        exported = js.WebAssembly.Instance.new(module, _imports(memory, path, functions)).exports.run
    except JsException as error:
        raise WebAssemblyError(f"The browser refuses a WebAssembly driver: {error}") from error

    def run(*args: int) -> None:
        try:
            exported(*args)
        except JsException as error:
            raise WebAssemblyError(f"A WebAssembly kernel was stopped: {error}") from error

    return run
