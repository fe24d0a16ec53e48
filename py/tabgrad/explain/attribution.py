"""Which pixels matter to an answer: gradients of the logits, and covering parts of the image as a cross-check.

The gradient comes from the compiled `saliency` program, the covered images go through `infer`; this module only
asks the questions and reads the answers. Pictures are (28, 28) float32, positive where ink speaks for the digit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.floating[Any]]
SIZE_PX = 28


def seed(digit: int, other: int | None = None) -> NDArray[np.float32]:
    """The `seed` (1, 10) of the saliency program: "why `digit`", or with `other` "why `digit` and not `other`"."""
    weights = np.zeros((1, 10), np.float32)
    weights[0, digit] = 1
    if other is not None:
        weights[0, other] -= 1
    return weights


def question(logits: Array, digit: int, other: int | None = None) -> float:
    """The number a seed asks about: a logit, or the lead of one logit over another."""
    flat = logits.reshape(-1)
    return float(flat[digit] - (flat[other] if other is not None else 0))


def gradient_picture(gradient: Array) -> NDArray[np.float32]:
    """What a little more ink at each pixel would do to the number asked about, per unit of ink."""
    return np.asarray(gradient, np.float32).reshape(SIZE_PX, SIZE_PX)


def ink_picture(gradient: Array, x: Array) -> NDArray[np.float32]:
    """Gradient times ink: to first order, what each pixel of the drawing has done to the number asked about.

    Shrikumar et al. 2016, https://arxiv.org/abs/1605.01713, section 2.3. For a network of ReLUs without biases these
    would add up to that number; with biases they add up to it but for the biases' part.
    """
    return gradient_picture(np.asarray(gradient).reshape(-1) * np.asarray(x).reshape(-1))


@dataclass(frozen=True, slots=True, eq=False)
class Occlusion:
    """`images` (n, 1, 784) float32: the drawing with one patch blackened in each; `corners`: rows, columns of it."""

    images: NDArray[np.float32]
    corners: Sequence[tuple[int, int]]
    patch_px: int

    def predicted_drops(self, ink: Array) -> NDArray[np.float64]:
        """What an `ink_picture` (28, 28) says that covering each patch costs: (n,), exact for a linear network."""
        side = self.patch_px
        return np.array([ink[r : r + side, c : c + side].sum() for r, c in self.corners], np.float64)

    def picture(self, baseline: float, answers: Array) -> NDArray[np.float32]:
        """Mean drop of the number asked about where each pixel was covered; `answers` (n,) with patches, in order.

        Pixels whose patches hold no ink are 0: covering them changes nothing.
        """
        total, count = np.zeros((2, SIZE_PX, SIZE_PX), np.float32)
        for (row, column), answer in zip(self.corners, answers, strict=True):
            place = np.s_[row : row + self.patch_px, column : column + self.patch_px]
            total[place] += baseline - float(answer)
            count[place] += 1
        return np.asarray(total / np.maximum(count, 1))


def occlude(x: Array, patch_px: int = 4, stride_px: int = 2) -> Occlusion:
    """Cover the image (784 values in any shape) patch by patch with paper, where there is ink.

    Zeiler and Fergus 2014, https://arxiv.org/abs/1311.2901, section 4.2, with black for their grey: here black is
    what nothing looks like.
    """
    image = np.asarray(x, np.float32).reshape(SIZE_PX, SIZE_PX)
    starts = range(0, SIZE_PX - patch_px + 1, stride_px)
    corners = [(r, c) for r in starts for c in starts if image[r : r + patch_px, c : c + patch_px].any()]
    images = np.repeat(image[None], len(corners), axis=0)
    for covered, (row, column) in zip(images, corners, strict=True):
        covered[row : row + patch_px, column : column + patch_px] = 0
    return Occlusion(images.reshape(-1, 1, SIZE_PX * SIZE_PX), corners, patch_px)


def agreement(first: Array, second: Array) -> float:
    """Pearson's correlation of two lists of numbers (n,), -1..1; 0 if one of them does not vary."""
    if len(first) < 2:
        return 0.0
    a, b = first - first.mean(), second - second.mean()
    scale = float(np.sqrt((a @ a) * (b @ b)))
    return float(a @ b) / scale if scale > 0 else 0.0
