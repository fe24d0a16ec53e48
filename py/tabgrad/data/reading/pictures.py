"""Pictures of any size, colour and polarity become images as ink does: see `tabgrad.ink.normalise`.

A picture is composited on white; its border says whether ink is dark on light or light on dark; the ink is scaled into
a box of 20 pixels and centred by its mass. A picture that has 28x28 pixels already is kept pixel for pixel.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from tabgrad.ink import BOX_PX, CENTRE_PX, DOT_SHARE, centre_of_mass

from .contract import IMAGE_SIDE
from .sampling import WHITE, Floats, as_28, side_weights

Polarity = Literal["each", "dark", "light"]
Fit = Literal["ink", "whole"]
#: Larger pictures are averaged down to about this side first, so that no picture takes long. Pixels.
_WORK_SIDE = 512
_STRIP_PIXELS = 1 << 18
#: Shares of the strongest ink: less than the first is noise (cameras, JPEG); the edge of the ink has the second.
_NOISE, _EDGE = 0.08, 0.2
#: Differences of brightness that are seen as ink at all.
_MIN_CONTRAST = 8


def picture_image(rgba: NDArray[np.uint8], polarity: Polarity, fit: Fit) -> NDArray[np.uint8] | None:
    """The image uint8 (28, 28) of a picture RGBA (height, width, 4); None if there is nothing to see on it."""
    grey = brightness(rgba)
    border = _border(grey)
    dark = border > WHITE / 2 if polarity == "each" else polarity == "dark"
    if float(np.ptp(grey)) < _MIN_CONTRAST:
        return None
    if fit == "whole":
        whole: NDArray[np.uint8] = as_28((WHITE - grey if dark else grey)[None])[0]
        return whole
    ink = (border - grey if dark else grey - border).clip(0)
    return ink_image(ink)


def brightness(rgba: NDArray[np.uint8]) -> Floats:
    """Brightness 0 to 255, float32 (height, width), on white paper, and smaller if the picture is large.

    A picture that shows only by its transparency, such as white ink on nothing, gives its opacity: light on dark.
    """
    height, width = rgba.shape[:2]
    step = max(1, -(-max(height, width) // _WORK_SIDE))
    strip = step * max(1, _STRIP_PIXELS // (width * step))  # 4096x4096 pixels at once would take 270 MB
    tops = range(0, height, strip)
    if rgba[..., 3].min() == WHITE:
        return np.concatenate([_averaged(_luma(rgba[top : top + strip]), step) for top in tops])
    shown = np.concatenate([_averaged(rgba[top : top + strip, :, 3].astype(np.float32), step) for top in tops])
    grey = np.concatenate([_averaged(_on_white(rgba[top : top + strip]), step) for top in tops])
    return shown if np.ptp(grey) < _MIN_CONTRAST <= np.ptp(shown) else grey


def _luma(rgba: NDArray[np.uint8]) -> Floats:
    """Brightness of opaque pixels; in whole numbers, which takes a third of the time. Grey stays the same."""
    red, green, blue = (rgba[..., i].astype(np.uint16) for i in range(3))
    return ((red * 77 + green * 150 + blue * 29) >> 8).astype(np.float32)


def _on_white(rgba: NDArray[np.uint8]) -> Floats:
    alpha = rgba[..., 3].astype(np.float32) / np.float32(WHITE)
    seen: Floats = _luma(rgba) * alpha + WHITE * (1 - alpha)
    return seen


def _averaged(values: Floats, step: int) -> Floats:
    """The mean of each square of `step` pixels; smaller ones at the right and lower edge count as they are."""
    if step == 1:
        return values
    height, width = values.shape
    rows, columns = np.arange(0, height, step), np.arange(0, width, step)
    total = np.add.reduceat(np.add.reduceat(values, rows, 0), columns, 1)
    sizes = np.outer(np.diff(rows, append=height), np.diff(columns, append=width))
    mean: Floats = (total / sizes).astype(np.float32)
    return mean


def _border(grey: Floats) -> float:
    """The median of the pixels at the edges; `np.median` would take three times as long."""
    edges = np.sort(np.concatenate([grey[0], grey[-1], grey[:, 0], grey[:, -1]]))
    return float(edges[len(edges) // 2])


def ink_image(ink: Floats) -> NDArray[np.uint8] | None:
    """Ink float32 (height, width), 0 is paper, as an image uint8 (28, 28) normalised as drawings are; None if empty."""
    strongest = float(ink.max())
    if strongest < _MIN_CONTRAST:
        return None
    ink = np.where(ink < _NOISE * strongest, 0, ink * (WHITE / strongest)).astype(np.float32)
    seen = ink >= _EDGE * WHITE
    rows, columns = np.flatnonzero(seen.any(1)), np.flatnonzero(seen.any(0))
    top, left = rows[0], columns[0]
    cut = ink[top : rows[-1] + 1, left : columns[-1] + 1]
    # As on the pad, a dot is not enlarged until it fills the box.
    scale = BOX_PX / max(*cut.shape, DOT_SHARE * max(ink.shape))
    x, y = centre_of_mass(cut)
    down = side_weights(cut.shape[0], scale, CENTRE_PX - y * scale)
    across = side_weights(cut.shape[1], scale, CENTRE_PX - x * scale)
    small = np.dot(np.dot(down, cut), across.T)  # without BLAS, as in the browser, `@` takes twice as long
    # Thin lines of a large picture would be faint.
    image: NDArray[np.uint8] = np.rint(small * (WHITE / max(float(small.max()), 1))).clip(0, WHITE).astype(np.uint8)
    return image


def is_finished(rgba: NDArray[np.uint8]) -> bool:
    """Whether a picture has the size of a network's input."""
    return rgba.shape[:2] == (IMAGE_SIDE, IMAGE_SIDE)
