"""Text that is nested 5,000 deep, given to everything that reads text from outside. Runs under Pyodide, too."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from tabgrad.artifacts import load_index as load_timeline
from tabgrad.artifacts import load_rows, load_weights, read_record, unpack
from tabgrad.data import drawings
from tabgrad.data.index import load_index
from tabgrad.network import load_safetensors, read_header, save_safetensors
from tabgrad.program import loads
from tabgrad.protocol import decode_command, decode_event

TEXTS = ("[" * 5000, '{"a":' * 5000, "[" * 5000 + "]" * 5000, '[{"a":' * 2500)


def in_header(text: str) -> bytes:
    return len(text).to_bytes(8, "little") + text.encode()


def in_metadata(name: str) -> Callable[[str], bytes]:
    return lambda text: save_safetensors({}, {"format": "tabgrad-checkpoint", name: text})


READERS: dict[str, tuple[Callable[[str], Any], Callable[[Any], object]]] = {
    "safetensors": (in_header, load_safetensors),
    "header": (in_header, read_header),
    "settings": (in_metadata("settings"), load_weights),
    "spec": (in_metadata("spec"), lambda data: load_weights(data).remark),
    "checkpoint": (in_metadata("record"), unpack),
    "record": (in_metadata("record"), read_record),
    "drawings": (str, drawings.loads),
    "program": (str, loads),
    "index": (str, load_index),
    "runs": (str.encode, load_rows),
    "timeline": (str.encode, load_timeline),
    "command": (str, decode_command),
    "event": (str, decode_event),
}


def read_all() -> list[str]:
    """The names of the readers that came through all texts with their own error, a ValueError, or none."""
    for make, read in READERS.values():
        for text in TEXTS:
            with suppress(ValueError):
                read(make(text))
    return list(READERS)


def write(path: str) -> None:
    """The same as a file."""
    Path(path).write_text("\n".join(read_all()))
