"""The browser's WebAssembly as a host of kernels: one memory, modules compiled in parallel, their functions.

It decides nothing. Python runs in a WebAssembly memory of its own, so every array is copied once, through a JavaScript
view that is kept until the memory grows (growth detaches all views). https://webassembly.github.io/spec/js-api/
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import js
import numpy as np
from numpy.typing import NDArray
from pyodide.ffi import JsException, to_js

#: The most views that are kept; more than a program has buffers that are read or written in a loop.
MAX_VIEWS = 256


def validate(binary: bytes) -> bool:
    """Whether this browser accepts the module: whether it has the instructions that it uses."""
    return bool(js.WebAssembly.validate(to_js(binary)))


class BrowserHost:
    """`backends.wasm.host.WasmHost` with a WebAssembly.Memory, which modules import by the (module, name) `memory`.

    Kernels stay cached by their key as long as the host lives. What fails raises `error` with one sentence.
    """

    def __init__(
        self, variants: tuple[str, ...], description: str, memory: tuple[str, str], error: type[Exception]
    ) -> None:
        self.variants, self.description, self._memory_import, self._error = variants, description, memory, error
        self._memory = js.WebAssembly.Memory.new(js.Object.fromEntries(to_js([["initial", 1]])))
        self._pages = 1
        self._views: dict[tuple[int, int], Any] = {}
        self._exports: dict[str, Any] = {}

    def reserve(self, pages: int) -> None:
        """Grow the memory to at least `pages` of 64 KiB."""
        if pages <= self._pages:
            return
        try:
            self._memory.grow(pages - self._pages)
        except JsException as error:
            raise self._error(f"This needs {pages >> 4} MB of memory, which the browser does not give it.") from error
        self._pages = pages
        self._views.clear()

    def write(self, address: int, value: NDArray[Any]) -> None:
        self._view(address, value.nbytes).assign(value.reshape(-1).view(np.uint8).data)

    def read(self, address: int, out: NDArray[Any]) -> None:
        self._view(address, out.nbytes).assign_to(out.reshape(-1).view(np.uint8).data)

    def _view(self, address: int, size: int) -> Any:
        if (view := self._views.get((address, size))) is None:
            if len(self._views) >= MAX_VIEWS:
                self._views.clear()
            view = self._views[address, size] = js.Uint8Array.new(self._memory.buffer, address, size)
        return view

    async def load(self, modules: Mapping[str, bytes]) -> None:
        """Compile and instantiate the modules that are new, by their key, in parallel."""
        new = {key: binary for key, binary in modules.items() if key not in self._exports}
        imports = self._imports({})
        try:
            made = await asyncio.gather(*(js.WebAssembly.instantiate(to_js(b), imports) for b in new.values()))
        except JsException as error:
            raise self._error(f"The browser refuses a WebAssembly kernel: {error}") from error
        self._exports |= {key: result.instance.exports for key, result in zip(new, made, strict=True)}

    def link(self, binary: bytes, imports: Sequence[tuple[str, str]], entry: str = "run") -> Callable[..., None]:
        """Instantiate a module at once, with functions of modules given as (key, name); returns its export `entry`."""
        functions = {(key, name): getattr(self._exports[key], name) for key, name in imports}
        try:
            module = js.WebAssembly.Module.new(to_js(binary))
            exported = getattr(js.WebAssembly.Instance.new(module, self._imports(functions)).exports, entry)
        except JsException as error:
            raise self._error(f"The browser refuses a WebAssembly module: {error}") from error

        def run(*args: int) -> None:
            try:
                exported(*args)
            except JsException as error:
                raise self._error(f"A WebAssembly kernel was stopped: {error}") from error

        return run

    def _imports(self, functions: Mapping[tuple[str, str], Any]) -> Any:
        """The import object: module -> name -> value."""
        imports = js.Object.new()
        for (module, name), value in {self._memory_import: self._memory, **functions}.items():
            if not js.Reflect.has(imports, module):
                js.Reflect.set(imports, module, js.Object.new())
            js.Reflect.set(js.Reflect.get(imports, module), name, value)
        return imports

    def destroy(self) -> None:
        """Drop all references, so that the browser can free the memory and the kernels."""
        self._exports, self._views, self._memory = {}, {}, None
