"""Values of any range become 0 to 255, and images of any size become 28x28, all of a chunk at once."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tabgrad.data.base import DataError

from .contract import IMAGE_SIDE, MAX_SIDE
from .streams import called

Floats = NDArray[np.float32]
#: Red, green and blue as brightness, ITU-R BT.601.
LUMA = np.array([0.299, 0.587, 0.114], np.float32)
#: Pixels of the smallest image: 7x7.
MIN_PIXELS = 49
WHITE = 255


class Levels:
    """How values become 0 to 255: the first values that are not all zero decide, and the others must fit."""

    def __init__(self) -> None:
        self.note = ""
        self._low, self._high, self._scale, self._strict = 0.0, 0.0, 0.0, True

    def apply(self, values: NDArray[Any], name: str) -> NDArray[np.uint8] | Floats:
        """`values` as uint8 if they are that already, otherwise as float32 from 0 to 255. Raises DataError."""
        if values.size == 0:
            return values.astype(np.uint8)
        low, high = float(values.min()), float(values.max())
        if not (math.isfinite(low) and math.isfinite(high)):
            raise DataError(f"{called(name)} has values that are no numbers: a pixel needs one.")
        if not self._scale:
            if low == high == 0:
                return np.zeros(values.shape, np.uint8)
            self._decide(values, low, high)
        if self._strict and not self._low <= low <= high <= self._high:
            wrong = low if low < 0 else high
            raise DataError(
                f"{called(name)} has the value {wrong:g}, but the pixels before it go from 0 to {self._high:g}."
            )
        if self._scale == 1 and values.dtype.kind in "bui":
            return values.astype(np.uint8, copy=False)
        scaled: Floats = ((values.astype(np.float32) - self._low) * self._scale).clip(0, WHITE)
        return scaled

    def _decide(self, values: NDArray[Any], low: float, high: float) -> None:
        whole = values.dtype.kind in "bui" or bool((values == np.rint(values)).all())
        if low < 0 or high > WHITE:  # centred, or more than 8 bits
            self._low, self._high, self._strict = min(low, 0.0), high, False
        else:
            self._high = 1.0 if high <= 1 else 16.0 if whole and high <= 16 else float(WHITE)
        self._scale = WHITE / max(self._high - self._low, 1e-30)
        if self._scale != 1:
            self.note = f"The values go from {self._low:.3g} to {self._high:.3g}; they were scaled to 0 to 255."


def image_shape(row: tuple[int, ...]) -> tuple[int, ...] | None:
    """The shape of an image that a row of an array has; None if it cannot be one.

    (height, width), (height, width, channels) or (channels, height, width).
    """
    if len(row) == 1:
        for channels in (1, 3):
            side = math.isqrt(row[0] // channels)
            if side * side * channels == row[0] and side * side >= MIN_PIXELS:
                return (side, side) if channels == 1 else (3, side, side)
        return None
    sides = row if len(row) == 2 else row[:2] if row[-1] in (1, 3, 4) else row[1:] if row[0] in (1, 3) else ()
    fits = len(row) <= 3 and len(sides) == 2 and max(sides) <= MAX_SIDE and sides[0] * sides[1] >= MIN_PIXELS
    return row if fits else None


def as_grey(values: NDArray[np.uint8] | Floats, shape: tuple[int, ...]) -> NDArray[np.uint8] | Floats:
    """n rows as n images (n, height, width); `shape` as `image_shape` gave it."""
    images: NDArray[Any] = values.reshape(len(values), *shape)
    if len(shape) == 2:
        return images
    if shape[-1] not in (1, 3, 4):
        images = np.moveaxis(images, 1, -1)
    if images.shape[-1] == 1:
        return images[..., 0]
    grey: Floats = images[..., :3].astype(np.float32) @ LUMA
    return grey


def as_28(images: NDArray[np.uint8] | Floats) -> NDArray[np.uint8]:
    """Images (n, height, width) from 0 to 255 as uint8 (n, 28, 28): the whole of each, with margins if not square."""
    _, height, width = images.shape
    if (height, width) != (IMAGE_SIDE, IMAGE_SIDE):
        scale = IMAGE_SIDE / max(height, width)
        rows, columns = (_whole(size, scale) for size in (height, width))
        images = rows @ images.astype(np.float32) @ columns.T
    if images.dtype == np.uint8:
        return np.ascontiguousarray(images)
    return np.rint(images).clip(0, WHITE).astype(np.uint8)


def _whole(size: int, scale: float) -> Floats:
    """Weights for a side that is shown as a whole, in the middle; at its edges no darkness comes in from outside."""
    weights = side_weights(size, scale, (IMAGE_SIDE - size * scale) / 2)
    total = weights.sum(1, keepdims=True)
    inside: Floats = weights / np.where(total > 0, total, 1)
    return inside


def side_weights(size: int, scale: float, offset: float) -> Floats:
    """How much each of `size` pixels of a side counts for each of 28 pixels: float32 (28, size).

    Pixel x of the side lies at `offset + x * scale`. A smaller image averages areas; a larger one interpolates
    linearly, which is the area of one pixel.
    """
    width = max(1.0, 1 / scale)
    centre = (np.arange(IMAGE_SIDE) + 0.5 - offset) / scale
    pixel = np.arange(size)
    low = np.maximum(centre[:, None] - width / 2, pixel)
    high = np.minimum(centre[:, None] + width / 2, pixel + 1)
    weights: Floats = ((high - low).clip(0) / width).astype(np.float32)
    return weights
