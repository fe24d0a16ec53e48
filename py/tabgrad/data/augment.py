"""Random distortions of many images at once: affine, elastic, stroke thickness. uint8 in, uint8 out.

Owns the distortions; knows no data set and no network. A distortion is a map that says where each pixel comes from. To
make a map costs more than to apply it, so a pool of maps is made for every `PERIOD` samples and each sample picks one.
Pool and pick depend on the seed and the sample's position alone: a resumed run repeats the same distortions.

Elastic distortion: Simard, Steinkraus, Platt, Best Practices for Convolutional Neural Networks (2003),
https://doi.org/10.1109/ICDAR.2003.1227801. There a fine grid of random displacements is smoothed; here cubic B-splines
interpolate a coarse grid, which costs less.

Runs in the page use `augment_shared`, because training there is faster than this.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .seeding import generator, hashed

SIDE = 28
#: Samples that share one pool of maps, and maps in a pool.
PERIOD = 16_384
POOL = 1_024
#: Images that are distorted at once.
_PIECE = 128
#: Nodes of the elastic grid along one side.
GRID = 6
#: Side with a blank border, so that pixels from outside the image are blank.
_PADDED = SIDE + 2
#: Bilinear weights are sixteenths, because 255 * 16 * 16 fits into 16 bits.
_UNIT = 16


@dataclass(frozen=True, slots=True)
class Augmentation:
    """Strengths of the distortions; with all of them 0 nothing changes.

    Uniform in +-strength: `rotation_deg`; `log_scale` and `log_aspect`, natural logarithms; `shear`, pixels in x per
    pixel in y; `shift_px`. Elastic displacements are normal, with the standard deviation `elastic_px` at the grid's
    nodes. `thickness` 0..1: at 1, strokes become up to one pixel thinner or thicker on each side.
    """

    rotation_deg: float = 0.0
    log_scale: float = 0.0
    log_aspect: float = 0.0
    shear: float = 0.0
    shift_px: float = 0.0
    elastic_px: float = 0.0
    thickness: float = 0.0

    @property
    def moves(self) -> bool:
        """True if pixels move, and do not only become lighter or darker."""
        strengths = (self.rotation_deg, self.log_scale, self.log_aspect, self.shear, self.shift_px, self.elastic_px)
        return any(strengths)


#: Best for the networks of this project on the validation images, see HYPERPARAMETERS.md.
MILD = Augmentation(rotation_deg=10, log_scale=0.12, log_aspect=0.12, shear=0.2, shift_px=1.2, elastic_px=0.64)
STRONG = Augmentation(
    rotation_deg=15, log_scale=0.18, log_aspect=0.18, shear=0.3, shift_px=2.0, elastic_px=1.0, thickness=0.5
)
#: The strengths that settings can name.
AUGMENTATIONS = {"mild": MILD, "strong": STRONG}


class Augmenter:
    """Distorts the samples of a stream by their position. Keeps the last two pools of maps in memory."""

    def __init__(self, augmentation: Augmentation, seed: int) -> None:
        self.augmentation, self.seed = augmentation, seed
        self._pools: dict[int, tuple[NDArray[np.int32], NDArray[np.uint16]]] = {}

    def __call__(self, images: NDArray[np.uint8], position: int) -> NDArray[np.uint8]:
        """Distorted copies, uint8 (n, 28, 28), of the `images` that are the stream's samples from `position` on."""
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
            # Pieces that fit into the processor's cache and lie within one period.
            part = slice(start, min(start + _PIECE, start + PERIOD - offset))
            sources, weights = self._pool(period)
            out[part] = _bilinear(images[part], sources[picks[part]], weights[:, picks[part]])
            start = part.stop
        return out

    def _pool(self, period: int) -> tuple[NDArray[np.int32], NDArray[np.uint16]]:
        if period not in self._pools:
            self._pools = {k: pool for k, pool in self._pools.items() if k == period - 1}
            # Rounded to the nearest sixteenth, so that without movement nothing changes.
            points = source_points(self.augmentation, generator(self.seed, period), np.arange(SIDE))
            x, y = (np.rint((axis.clip(-1, SIDE - 1) + 1) * _UNIT).astype(np.int32) for axis in points)
            weights = np.stack([x % _UNIT, y % _UNIT]).astype(np.uint16)
            self._pools[period] = y // _UNIT * _PADDED + x // _UNIT, weights
        return self._pools[period]


def source_points(
    strengths: Augmentation, rng: np.random.RandomState, columns: NDArray[Any]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Where points of the result come from: x and y in the image, float64 (POOL, SIDE * len(columns)) each.

    The points lie in each row at the x coordinates `columns`. The random numbers drawn do not depend on `columns`.
    """

    def uniform(strength: float) -> NDArray[np.float64]:
        return rng.uniform(-strength, strength, (POOL, 1)) if strength else np.zeros((POOL, 1))

    angle, shear = np.deg2rad(uniform(strengths.rotation_deg)), uniform(strengths.shear)
    scale, aspect = uniform(strengths.log_scale), uniform(strengths.log_aspect)
    # The inverse of the distortion, because it says where pixels come from.
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
    """Cubic B-spline weights (GRID, n) of the nodes of a line at n points, scaled so that the variance is the same
    everywhere.
    """
    nodes = np.linspace(0, SIDE - 1, GRID)
    distance = np.abs(points - nodes[:, None]) / (nodes[1] - nodes[0])
    near, far = 2 / 3 - distance**2 * (1 - distance / 2), (2 - distance).clip(0) ** 3 / 6
    line = np.where(distance < 1, near, far)
    scaled: NDArray[np.float64] = line / np.sqrt((line**2).sum(0))
    return scaled


def _padded(images: NDArray[np.uint8]) -> NDArray[np.uint8]:
    padded = np.zeros((len(images), _PADDED, _PADDED), np.uint8)
    padded[:, 1:-1, 1:-1] = images
    return padded


def _bilinear(images: NDArray[np.uint8], sources: NDArray[np.int32], weights: NDArray[np.uint16]) -> NDArray[np.uint8]:
    """In 16-bit integers and in place where possible, because this runs for every training sample."""
    index = (sources + np.arange(len(images), dtype=np.int32)[:, None] * np.int32(_PADDED**2)).astype(np.intp)
    # Each pixel with its right neighbour in the upper byte: two reads per pixel instead of four.
    pairs = _padded(images).reshape(-1).astype(np.uint16)
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
    """Mix each image uint8 (n, 28, 28) with its dilation or erosion by one pixel, by a random share up to `strength`.

    `bits` (n,) decide about each image: the lowest bit between thicker and thinner, the second byte about the share.
    """
    padded = _padded(images)
    around = (padded[:, :-2, 1:-1], padded[:, 2:, 1:-1], padded[:, 1:-1, :-2], padded[:, 1:-1, 2:])
    thick, thin = images, images
    for neighbour in around:
        thick, thin = np.maximum(thick, neighbour), np.minimum(thin, neighbour)
    share = (((bits >> np.uint64(8)) % np.uint64(256)).astype(np.float64) * strength).astype(np.int32)
    is_thicker = (bits & np.uint64(1)).astype(bool)
    target = np.where(is_thicker[:, None, None], thick, thin).astype(np.int32)
    result: NDArray[np.uint8] = (images + (((target - images) * share[:, None, None]) >> 8)).astype(np.uint8)
    return result
