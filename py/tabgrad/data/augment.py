"""Random distortions of images, many at once: affine, elastic, stroke thickness. uint8 in, uint8 out.

Owns the distortions; knows no data set and no network. A distortion is a map of where each pixel comes from. Making
maps costs more than applying them, so a pool of them is made for every `PERIOD` samples and each sample picks one.
Pool and pick depend on the seed and the sample's position alone: a resumed run repeats the same distortions.

Elastic distortion: Simard, Steinkraus, Platt, Best Practices for Convolutional Neural Networks (2003); here a coarse
grid of random displacements is interpolated by cubic B-splines instead of smoothing a fine one, which costs less.

In the page a network learns faster than this: `augment_shared` is for runs there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from .seeding import generator, hashed

SIDE = 28
#: Samples that share one pool of maps, and maps in a pool.
PERIOD = 16_384
POOL = 1_024
#: Images distorted at once.
_PIECE = 128
#: Nodes of the elastic grid along one side.
GRID = 6
#: A blank border, so that what comes from outside is paper.
_PADDED = SIDE + 2
#: Bilinear weights are sixteenths: 255 * 16 * 16 still fits 16 bits.
_UNIT = 16


@dataclass(frozen=True, slots=True)
class Augmentation:
    """Strengths; all 0 is the identity. Uniform in +-strength, except the elastic displacement, which is normal.

    `rotation_deg`; `log_scale`, `log_aspect` natural logarithms; `shear` x by y; `shift_px`; `elastic_px` standard
    deviation at the grid's nodes; `thickness` 0..1, at 1 strokes vary from eroded to dilated by a pixel.
    """

    rotation_deg: float = 0.0
    log_scale: float = 0.0
    log_aspect: float = 0.0
    shear: float = 0.0
    shift_px: float = 0.0
    elastic_px: float = 0.0
    thickness: float = 0.0
    interpolation: Literal["nearest", "bilinear"] = "bilinear"

    @property
    def moves(self) -> bool:
        """True if pixels move."""
        strengths = (self.rotation_deg, self.log_scale, self.log_aspect, self.shear, self.shift_px, self.elastic_px)
        return any(strengths)


#: What suits the small networks here: found on validation, see HYPERPARAMETERS.md.
MILD = Augmentation(rotation_deg=10, log_scale=0.12, log_aspect=0.12, shear=0.2, shift_px=1.2, elastic_px=0.64)


class Augmenter:
    """Applies `augmentation` to samples by their position in the stream; keeps the last two pools of maps."""

    def __init__(self, augmentation: Augmentation, seed: int) -> None:
        self.augmentation, self.seed = augmentation, seed
        self._pools: dict[int, tuple[NDArray[np.int32], NDArray[np.uint16]]] = {}

    def __call__(self, images: NDArray[np.uint8], position: int) -> NDArray[np.uint8]:
        """Distorted copies of `images` uint8 (n, 28, 28), which are the stream's samples from `position` on."""
        positions = np.arange(position, position + len(images))
        if self.augmentation.thickness:
            images = vary_thickness(images, self.augmentation.thickness, hashed(self.seed + 1, positions))
        if not self.augmentation.moves:
            return images
        out = np.empty_like(images)
        picks = (hashed(self.seed, positions) % np.uint64(POOL)).astype(np.intp)
        start = 0
        while start < len(images):
            period, offset = divmod(position + start, PERIOD)
            # Pieces that fit the processor's cache, and never two periods in one.
            part = slice(start, min(start + _PIECE, start + PERIOD - offset))
            sources, weights = self._pool(period)
            if self.augmentation.interpolation == "nearest":
                out[part] = _nearest(images[part], sources[picks[part]])
            else:
                out[part] = _bilinear(images[part], sources[picks[part]], weights[:, picks[part]])
            start = part.stop
        return out

    def _pool(self, period: int) -> tuple[NDArray[np.int32], NDArray[np.uint16]]:
        if period not in self._pools:
            self._pools = {k: pool for k, pool in self._pools.items() if k == period - 1}
            # Rounded to the nearest sixteenth (or pixel), so that no movement is no change.
            unit = 1 if self.augmentation.interpolation == "nearest" else _UNIT
            points = source_points(self.augmentation, generator(self.seed, period), np.arange(SIDE))
            x, y = (np.rint((axis.clip(-1, SIDE - 1) + 1) * unit).astype(np.int32) for axis in points)
            weights = np.stack([x % unit, y % unit]).astype(np.uint16)
            self._pools[period] = y // unit * _PADDED + x // unit, weights
        return self._pools[period]


def source_points(
    strengths: Augmentation, rng: np.random.RandomState, columns: NDArray[Any]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """x and y in the image, each (POOL, SIDE * len(columns)), that points of the result come from.

    These lie in every row at the x of `columns`. What is drawn is the same for any columns.
    """

    def uniform(strength: float) -> NDArray[np.float64]:
        return rng.uniform(-strength, strength, (POOL, 1)) if strength else np.zeros((POOL, 1))

    angle, shear = np.deg2rad(uniform(strengths.rotation_deg)), uniform(strengths.shear)
    scale, aspect = uniform(strengths.log_scale), uniform(strengths.log_aspect)
    # The inverse map: pixels of the result ask where they come from.
    scale_x, scale_y = np.exp(-scale - aspect / 2), np.exp(-scale + aspect / 2)
    middle, rows = (SIDE - 1) / 2, np.arange(SIDE)
    u, v = np.tile(columns - middle, SIDE), np.repeat(rows - middle, len(columns))
    cos, sin = np.cos(angle), np.sin(angle)
    x = scale_x * (cos * u + sin * v + shear * v) + uniform(strengths.shift_px)
    y = scale_y * (cos * v - sin * u) + uniform(strengths.shift_px)
    if strengths.elastic_px:
        spread = np.kron(_spline_weights(rows), _spline_weights(columns))
        x += rng.normal(0, strengths.elastic_px, (POOL, GRID * GRID)) @ spread
        y += rng.normal(0, strengths.elastic_px, (POOL, GRID * GRID)) @ spread
    return x + middle, y + middle


def _spline_weights(points: NDArray[Any]) -> NDArray[np.float64]:
    """(GRID, n) cubic B-spline weights of a line's nodes at each of `points`, scaled so that variances stay."""
    nodes = np.linspace(0, SIDE - 1, GRID)
    distance = np.abs(points - nodes[:, None]) / (nodes[1] - nodes[0])
    near, far = 2 / 3 - distance**2 * (1 - distance / 2), (2 - distance).clip(0) ** 3 / 6
    line = np.where(distance < 1, near, far)
    scaled: NDArray[np.float64] = line / np.sqrt((line**2).sum(0))
    return scaled


def _padded(images: NDArray[np.uint8]) -> NDArray[np.uint8]:
    padded = np.zeros((len(images), _PADDED, _PADDED), np.uint8)
    padded[:, 1:-1, 1:-1] = images
    return padded.reshape(-1)


def _nearest(images: NDArray[np.uint8], sources: NDArray[np.int32]) -> NDArray[np.uint8]:
    start = np.arange(len(images), dtype=np.int32)[:, None] * np.int32(_PADDED**2)
    return _padded(images).take((sources + start).astype(np.intp), mode="wrap").reshape(images.shape)


def _bilinear(images: NDArray[np.uint8], sources: NDArray[np.int32], weights: NDArray[np.uint16]) -> NDArray[np.uint8]:
    """In 16-bit integers and in place where possible: this runs for every training sample."""
    index = (sources + np.arange(len(images), dtype=np.int32)[:, None] * np.int32(_PADDED**2)).astype(np.intp)
    # Each pixel with its right neighbour in the upper byte: two reads a pixel instead of four.
    pairs = _padded(images).astype(np.uint16)
    pairs[:-1] |= pairs[1:] << np.uint16(8)
    right, below = weights
    mixed = _row(pairs.take(index, mode="wrap"), right)
    index += _PADDED
    bottom = _row(pairs.take(index, mode="wrap"), right)
    bottom *= below
    mixed *= np.uint16(_UNIT) - below
    mixed += bottom
    mixed += np.uint16(_UNIT**2 // 2 - 1)
    mixed >>= np.uint16(8)
    return mixed.astype(np.uint8).reshape(images.shape)


def _row(pairs: NDArray[np.uint16], right: NDArray[np.uint16]) -> NDArray[np.uint16]:
    """Mix the two pixels of each pair, in sixteenths. Overwrites `pairs`."""
    mixed = pairs & np.uint16(255)
    mixed *= np.uint16(_UNIT) - right
    pairs >>= np.uint16(8)
    pairs *= right
    mixed += pairs
    return mixed


def vary_thickness(images: NDArray[np.uint8], strength: float, bits: NDArray[np.uint64]) -> NDArray[np.uint8]:
    """Mix each image with its dilation or erosion by a cross of one pixel, in a random share up to `strength`."""
    padded = np.zeros((len(images), _PADDED, _PADDED), np.uint8)
    padded[:, 1:-1, 1:-1] = images
    around = (padded[:, :-2, 1:-1], padded[:, 2:, 1:-1], padded[:, 1:-1, :-2], padded[:, 1:-1, 2:])
    thick, thin = images, images
    for neighbour in around:
        thick, thin = np.maximum(thick, neighbour), np.minimum(thin, neighbour)
    share = (((bits >> np.uint64(8)) % np.uint64(256)).astype(np.float64) * strength).astype(np.int32)
    is_thicker = (bits & np.uint64(1)).astype(bool)
    target = np.where(is_thicker[:, None, None], thick, thin).astype(np.int32)
    result: NDArray[np.uint8] = (images + (((target - images) * share[:, None, None]) >> 8)).astype(np.uint8)
    return result
