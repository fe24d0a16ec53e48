"""Files that the visitor has chosen or dropped: as handles for the worker, and read there a piece at a time.

A handle is the browser's own File. It goes through a message port without its content.
"""

from __future__ import annotations

from typing import Any

import js
from pyodide.ffi import JsException

from .convert import or_none


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


def of_drop(event: Any) -> list[tuple[Any, str]]:
    """The files that were dropped, each with its name."""
    transfer = or_none(event.dataTransfer)
    return [(file, _name(file)) for file in transfer.files] if transfer else []


def has_files(event: Any) -> bool:
    """Whether files are being dragged, not text."""
    transfer = or_none(event.dataTransfer)
    return transfer is not None and "Files" in list(transfer.types)


def _name(file: Any) -> str:
    return str(or_none(getattr(file, "webkitRelativePath", None)) or file.name)
