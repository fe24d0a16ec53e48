"""Files that the visitor has chosen or dropped: as handles for the worker, and read there a piece at a time.

A handle is the browser's own File. It goes through a message port without its content.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import js
from pyodide.ffi import JsException

from .convert import js_function, or_none, release


class ChosenFileError(OSError):
    """A file cannot be read. One sentence."""


class ChosenFile:
    """A file behind its handle. `name` is what the page calls it, with its folders."""

    def __init__(self, handle: Any, name: str) -> None:
        self._handle, self.name, self.size = handle, name, int(handle.size)

    async def read(self, start: int, stop: int) -> bytes:
        """The bytes from `start` up to `stop`, fewer at the end. Raises ChosenFileError."""
        try:
            content: bytes = (await self._handle.slice(start, stop).arrayBuffer()).to_bytes()
        except JsException as error:
            raise ChosenFileError(
                "The browser cannot read a file that you chose. Is it a folder, or was it moved or changed?"
            ) from error
        return content


def is_file(value: Any) -> bool:
    """Whether a part of a message is a handle."""
    return bool(js.Object.prototype.toString.call(value) == "[object File]")


def of_input(file_input: Any) -> list[tuple[Any, str]]:
    """The files of an `<input type="file">`, each with its name and folders. Empties the input."""
    found = [(file, _name(file)) for file in file_input.files]
    file_input.value = ""  # so that the same files can be chosen again
    return found


class Dropped:
    """What was dropped on the page. Make it while the event is handled: later the browser tells nothing any more."""

    def __init__(self, event: Any) -> None:
        items = [item for item in event.dataTransfer.items if item.kind == "file"]
        self._entries = [entry for item in items if (entry := or_none(item.webkitGetAsEntry()))]
        self._found = list[tuple[Any, str]]()

    async def files(self, most: int) -> list[tuple[Any, str]]:
        """All files, also those in folders, each with its name and folders. Looks for `most` files and one more.

        Raises ChosenFileError.
        """
        try:
            await self._add(self._entries, most)
        except JsException as error:
            raise ChosenFileError("The browser cannot read what you dropped. Was it moved or changed?") from error
        return self._found

    async def _add(self, entries: list[Any], most: int) -> None:
        """https://wicg.github.io/entries-api/"""
        files = [entry for entry in entries if entry.isFile]
        opened = await asyncio.gather(*(_result(entry.file) for entry in files))
        self._found += [(file, str(entry.fullPath).lstrip("/")) for file, entry in zip(opened, files, strict=True)]
        for entry in entries:
            reader = None if entry.isFile else entry.createReader()
            while reader is not None and len(self._found) <= most:
                if not (some := list(await _result(reader.readEntries))):  # at most 100
                    break
                await self._add(some, most)


async def _result(call: Callable[[Any, Any], object]) -> Any:
    """What `call` hands to the first of two functions. Raises what it hands to the second."""
    answer = asyncio.get_running_loop().create_future()
    done, failed = js_function(answer.set_result), js_function(answer.set_exception)
    try:
        call(done, failed)
        return await answer
    finally:
        release(done)
        release(failed)


def has_files(event: Any) -> bool:
    """Whether files are being dragged, not text."""
    transfer = or_none(event.dataTransfer)
    return transfer is not None and "Files" in list(transfer.types)


def _name(file: Any) -> str:
    return str(or_none(getattr(file, "webkitRelativePath", None)) or file.name)
