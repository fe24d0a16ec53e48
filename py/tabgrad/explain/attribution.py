"""What an answer is made of: contributions of units, which add up to it exactly, and of pixels.

For pixels there are two methods: the gradient of the logits, and occlusion (covered patches) as a cross-check. Owns the
inputs of both and the pictures of their results, float32 (28, 28), positive where ink supports the answer. Runs no
program: the caller gets the gradient from the compiled `saliency` program, and the logits of covered images from
`infer`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tabgrad.ink import SIZE_PX
from tabgrad.network import CLASSES, Stage

Array = NDArray[np.floating[Any]]
#: Side of a patch that is covered.
PATCH_PX = 4


@dataclass(frozen=True, slots=True, eq=False)
class Contributions:
    """`terms` (n,) and `bias` add up to `total`."""

    terms: Array
    bias: float

    @property
    def total(self) -> float:
        """The sum of all terms and the bias: a unit's value before its activation function, or a logit."""
        return float(self.terms.sum() + self.bias)

    def strongest(self, count: int) -> list[int]:
        """Indices of the `count` terms of largest magnitude, largest first; terms that are 0 are left out."""
        order = np.argsort(-np.abs(self.terms), kind="stable")[:count]
        return [int(i) for i in order if self.terms[i] != 0]


def contributions(inputs: Array, weight: Array, bias: Array, unit: int) -> Contributions:
    """What each of n inputs adds to a unit of a dense layer, or to a logit. `weight` (n, units), `bias` (units,)."""
    return Contributions(inputs.reshape(-1) * weight[:, unit], float(bias[unit]))


def picture_shape(stage: Stage) -> tuple[int, ...]:
    """A dense stage's input as pictures: (parts, height, width). One row if a dense layer feeds it."""
    return stage.input_shape if len(stage.input_shape) == 3 else (1, 1, *stage.input_shape)


def unit_weights(stage: Stage, weights: Mapping[str, NDArray[Any]]) -> NDArray[np.float32]:
    """What each unit looks for: weights of a dense or conv stage as pictures (units, parts, height, width).

    The parts are the input's maps. Units that are fed by a dense layer have one part, which is a single row.
    """
    weight = weights[stage.weight]
    if stage.kind in ("conv", "maps"):
        return np.asarray(weight, np.float32)
    if stage.kind == "dense":
        weight = weight.T  # in a written network they are (units, inputs)
    return np.asarray(weight.reshape(-1, *picture_shape(stage)), np.float32)


def seed(answer: int, other: int | None = None, classes: int = CLASSES) -> NDArray[np.float32]:
    """The input `seed` (1, classes) of the saliency program: "why `answer`", or "why `answer` and not `other`".

    The number asked about is the product of logits and seed: the logit of `answer`, or its difference to the other one.
    """
    weights = np.zeros((1, classes), np.float32)
    weights[0, answer] = 1
    if other is not None:
        weights[0, other] -= 1
    return weights


def ink_picture(gradient: Array, x: Array) -> NDArray[np.float32]:
    """Gradient times ink: to first order, each pixel's contribution to the number asked about.

    Shrikumar et al. 2016, https://arxiv.org/abs/1605.01713, section 2.3. For a network of ReLUs the contributions add
    up to that number, minus the contribution of the biases.
    """
    product = np.asarray(gradient).reshape(-1) * np.asarray(x).reshape(-1)
    return np.asarray(product, np.float32).reshape(SIZE_PX, SIZE_PX)


@dataclass(frozen=True, slots=True, eq=False)
class Occlusion:
    """`images` float32 (n, 1, 784): the drawing with one patch covered in each. `patches` float32 (n, 28, 28): 1 where
    it is covered, else 0.
    """

    images: NDArray[np.float32]
    patches: NDArray[np.float32]

    def predicted_drops(self, ink: Array) -> NDArray[np.float64]:
        """How far the number should drop for each patch, by an `ink_picture` (28, 28): (n,). Exact if linear."""
        return np.asarray(np.tensordot(self.patches.astype(np.float64), ink, 2))

    def picture(self, baseline: float, answers: Array) -> NDArray[np.float32]:
        """For each pixel, the mean drop of the number asked about over the patches that cover it.

        `baseline`: the number for the whole drawing; `answers` (n,): the numbers for `images`. Pixels whose patches
        have no ink are 0, because covering them changes nothing.
        """
        total = np.tensordot(baseline - answers, self.patches, 1)
        return np.asarray(total / np.maximum(self.patches.sum(axis=0), 1), np.float32)


def occlude(x: Array, stride_px: int = 2) -> Occlusion:
    """Cover the image (784 values in any shape) with a blank patch, at each place where there is ink.

    Zeiler and Fergus 2014, https://arxiv.org/abs/1311.2901, section 4.2. They cover with grey; here it is black, the
    colour of the background.
    """
    image = np.asarray(x, np.float32).reshape(SIZE_PX, SIZE_PX)
    patches = list[NDArray[np.float32]]()
    starts = range(0, SIZE_PX - PATCH_PX + 1, stride_px)
    for row, column in product(starts, starts):
        patch = np.zeros_like(image)
        patch[row : row + PATCH_PX, column : column + PATCH_PX] = 1
        if (patch * image).any():
            patches.append(patch)
    stacked = np.reshape(patches, (-1, SIZE_PX, SIZE_PX)).astype(np.float32)
    return Occlusion((image * (1 - stacked)).reshape(-1, 1, SIZE_PX * SIZE_PX), stacked)


def agreement(first: Array, second: Array) -> float:
    """Pearson's correlation of two arrays (n,), in -1..1; 0 if one of them is constant."""
    if len(first) < 2:
        return 0.0
    a, b = first - first.mean(), second - second.mean()
    scale = float(np.sqrt((a @ a) * (b @ b)))
    return float(a @ b) / scale if scale > 0 else 0.0
