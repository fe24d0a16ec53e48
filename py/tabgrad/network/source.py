"""A network that a visitor wrote: the text of one Python module that defines `Net`. Never runs it.

Its specification is {"kind": "code", "source": text}. `tabgrad.model` runs it, where tinygrad is.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, TypeVar, get_type_hints

from tabgrad.incoming import fits

#: The kind of a specification whose network is a source.
CODE = "code"
#: The longest source. Bytes of its UTF-8.
MAX_SOURCE_BYTES = 100_000
#: Some editors begin a file with it, and Python takes it for a mistake.
BYTE_ORDER_MARK = "\ufeff"


Made = TypeVar("Made")


class SourceError(ValueError):
    """A source cannot be used. The message is one sentence; `line` is the line that it is about, 0 if there is none."""

    def __init__(self, sentence: str, line: int = 0) -> None:
        super().__init__(sentence)
        self.line = line


@dataclass(frozen=True, slots=True)
class LayerRow:
    """A layer of a written network, in the table of layers; one row, however often it is called for an image.

    `path` is where `Net` keeps it ("layers.0"), `call` what it is ("Conv2d (32, 1, 5, 5)", "Tensor.relu", the text of a
    lambda). `shape` is that of its output for one image, `kind` what that is: "units" (N,), "rows" (T, N), "maps"
    (C, H, W), or "values" if it is none of them. The last row may be of kind "own": what `Net` has outside its layers,
    so that the columns add up. `parameters` are its own, `multiply_adds` those of all its calls for
    one image. `tap` is the output with its values: of the "activations" program, or "logits"; empty if there is none.
    """

    path: str
    call: str
    kind: str
    shape: tuple[int, ...]
    parameters: int
    multiply_adds: int
    count: int
    tap: str


@dataclass(frozen=True, slots=True)
class Description:
    """What can be said of a source without compiling it.

    `parameters` are those that training changes, `size_bytes` the size of all tensors, `multiply_adds` for one image.
    `learning_rate` is that of the source's own optimizer, None if it has none.
    """

    layers: tuple[LayerRow, ...]
    parameters: int
    size_bytes: int
    multiply_adds: int
    learning_rate: float | None
    has_loss: bool
    has_augmentation: bool

    def to_json(self) -> dict[str, Any]:
        """Plain values, for a message."""
        return {**asdict(self), "layers": [asdict(row) for row in self.layers]}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Description:
        """The description that `to_json` made these values of. ValueError if none did."""
        rows = [_made(LayerRow, row, shape=list[int]) for row in values.get("layers", ())]
        described = _made(cls, values, layers=list[Any])
        return replace(described, layers=tuple(replace(row, shape=tuple(row.shape)) for row in rows))


def _made(kind: type[Made], values: Any, **hints: Any) -> Made:
    """An object of a dataclass, its fields from JSON; `hints` say what some of them are there. ValueError if wrong."""
    known = get_type_hints(kind) | hints
    if (
        not isinstance(values, Mapping)
        or values.keys() != known.keys()
        or not all(fits(values[name], hint) for name, hint in known.items())
    ):
        raise ValueError(f"This is no {kind.__name__}.")
    return kind(**values)


def check_source(source: str) -> None:
    """Raises SourceError for a text that is too long, or that is no text which a file can hold."""
    try:
        size = len(source.encode())
    except UnicodeEncodeError as error:
        line = source.count("\n", 0, error.start) + 1
        raise SourceError("The code holds half a character, which no file can hold.", line) from None
    if size > MAX_SOURCE_BYTES:
        raise SourceError(f"The code has {size:,} bytes, more than the {MAX_SOURCE_BYTES:,} that a source may have.")
    if "\0" in source:
        raise SourceError("The code holds a null character.", source.count("\n", 0, source.index("\0")) + 1)


def is_written(spec: Mapping[str, Any]) -> bool:
    """Whether a specification is that of a network that somebody wrote."""
    return spec.get("kind") == CODE


def mentions(source: str, name: str) -> bool:
    """False if a source cannot define `name` at its top: whoever needs it can do without running the source."""
    return re.search(rf"\b{name}\b", source) is not None
