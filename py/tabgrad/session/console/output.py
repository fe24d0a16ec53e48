"""What a command of the console shows, in order: texts, errors and pictures. Capped: a loop may print without end."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

#: Characters that one command may print.
MAX_CHARACTERS = 20_000
TOO_MUCH = f"… The rest is left out: a command shows up to {MAX_CHARACTERS:,} characters."
#: Pictures that one command may show, and images in one of them.
MAX_PICTURES, MAX_IMAGES = 40, 20
#: Height and width of an array that is shown as an image. Pixels.
SIDES = range(4, 129)
#: Images of one array stand in rows of so many, with a gap between them. Pixels, and their grey.
COLUMNS, GAP, GAP_GREY = 10, 2, 128


@dataclass(frozen=True, slots=True, eq=False)
class Item:
    """Something that is shown: a "text" or an "error", or an "image" with its pixels uint8 (height, width).

    The `text` of an image says what it is a picture of.
    """

    kind: str
    text: str
    pixels: NDArray[np.uint8] = field(default_factory=lambda: np.empty((0, 0), np.uint8))


class Output:
    """Collects `items`. `stream` is a file to print to."""

    def __init__(self) -> None:
        self.items: list[Item] = []
        self.stream = _Stream(self.write)
        self._parts: list[str] = []  # text that is not in `items` yet
        self._room, self._pictures = MAX_CHARACTERS, 0

    def write(self, text: str) -> None:
        """Add a text to the one before. What is too much is left out, and one sentence says so."""
        if self._room > 0:
            self._parts.append(text[: self._room])
        if 0 <= self._room < len(text):
            self._parts.append(f"\n{TOO_MUCH}\n")
            self._room = -1
        elif self._room > 0:
            self._room -= len(text)

    def picture(self, text: str, pixels: NDArray[np.uint8]) -> None:
        """Add an image. Of very many, the last ones are only named."""
        self._pictures += 1
        if self._pictures > MAX_PICTURES:
            self.write(text + "\n")
        else:
            self.finish()
            self.items.append(Item("image", text, pixels))

    def error(self, text: str) -> None:
        """Add an error. There is always room for one."""
        self.finish()
        self.items.append(Item("error", text))

    def finish(self) -> list[Item]:
        """All items, with what was printed last."""
        if text := "".join(self._parts):
            self.items.append(Item("text", text))
            self._parts.clear()
        return self.items

    def show(self, value: Any) -> None:
        """Show a value as Python's own prompt does; what is an image as a picture."""
        if isinstance(value, np.ndarray):
            self._show_array("", value)
        elif _is_tensor(value):
            kind = str(value.dtype).removeprefix("dtypes.")
            self._show_array(f"Tensor of {kind} {tuple(value.shape)} on {value.device}", value.numpy())
        elif isinstance(value, (tuple, list)) and _has_pictures(value):
            for name, part in zip(getattr(value, "_fields", [""] * len(value)), value, strict=True):
                if name:
                    self.write(f"{name}: ")
                self.show(part)
        else:
            self.write(f"{value!r}\n")

    def _show_array(self, what: str, array: NDArray[Any]) -> None:
        pixels = picture_of(array)
        if pixels is None:
            self.write(f"{what}\n{array}\n" if what else f"{array!r}\n")
        else:
            what = what or f"{array.dtype} {array.shape}"
            self.picture(f"{what}, {array.min():.4g} (black) to {array.max():.4g} (white)", pixels)


class _Stream(io.TextIOBase):
    """A text file that hands on what is written to it."""

    def __init__(self, write: Callable[[str], object]) -> None:
        self._write = write

    def write(self, text: str) -> int:
        self._write(text)
        return len(text)

    def writable(self) -> bool:
        return True


def picture_of(array: NDArray[Any]) -> NDArray[np.uint8] | None:
    """The images in an array, from its least number (black) to its greatest (white); None if it holds none.

    An image has two axes and sides in `SIDES`. Up to `MAX_IMAGES` of them stand beside each other.
    """
    if array.dtype.kind not in "bfiu":
        return None
    while array.ndim > 2 and array.shape[0] == 1:
        array = array[0]
    if array.ndim == 4 and array.shape[1] == 1:
        array = array[:, 0]
    images = array[None] if array.ndim == 2 else array
    if images.ndim != 3 or not 0 < len(images) <= MAX_IMAGES or not all(side in SIDES for side in images.shape[1:]):
        return None
    return _side_by_side(_grey(images))


def _grey(images: NDArray[Any]) -> NDArray[np.uint8]:
    """From the least number, 0, to the greatest, 255. What is no finite number counts as the least."""
    values = images.astype(np.float64)
    finite = np.isfinite(values)
    low, high = (values[finite].min(), values[finite].max()) if finite.any() else (0.0, 0.0)
    share = (np.where(finite, values, low) - low) / ((high - low) or 1.0)
    grey: NDArray[np.uint8] = np.rint(share * 255).astype(np.uint8)
    return grey


def _side_by_side(images: NDArray[np.uint8]) -> NDArray[np.uint8]:
    count, height, width = images.shape
    rows, columns = -(-count // COLUMNS), min(count, COLUMNS)
    sheet = np.full((rows * (height + GAP) - GAP, columns * (width + GAP) - GAP), GAP_GREY, np.uint8)
    for i, image in enumerate(images):
        top, left = i // COLUMNS * (height + GAP), i % COLUMNS * (width + GAP)
        sheet[top : top + height, left : left + width] = image
    return sheet


def _is_tensor(value: Any) -> bool:
    """Whether a value is tinygrad's, which need not be here."""
    kind = type(value)
    return kind.__module__.partition(".")[0] == "tinygrad" and kind.__name__ == "Tensor"


def _has_pictures(values: tuple[Any, ...] | list[Any]) -> bool:
    """Whether some of a few values are pictures."""
    arrays = [value for value in values if isinstance(value, np.ndarray)] if len(values) <= MAX_IMAGES else []
    return any(picture_of(array) is not None for array in arrays)
