"""The training data: MNIST, with the same blocks, order and split as in the page, and generated drawings.

Owns the choice of data for a recipe. Order, distortions and the stroke generator are in `tabgrad.data`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scripts.fetch_mnist import fetch_all, locate
from scripts.sitebuild.data import mnist_blocks
from tabgrad.data import Samples, Source
from tabgrad.data.augment import Augmenter
from tabgrad.data.augment_shared import AugmentedSource
from tabgrad.data.blocks import SplitSource
from tabgrad.data.packed import PackedData, open_packed
from tabgrad.data.strokes import StrokeSource

from .out_of_distribution import OODSource
from .recipe import Recipe


@dataclass(frozen=True)
class Corpus:
    """MNIST, opened: its training split is in memory. `mean` is the mean training image, float32 (784,) in 0..1."""

    data: PackedData
    validation: Samples
    mean: NDArray[np.float32]

    async def test(self) -> Samples:
        """The test set, which only reports on a finished model and never decides anything."""
        return await self.data.test.load()


class Mixture:
    """Samples of `main`, of which a `share` (0..1) is replaced by samples of `other`. Implements `Source`.

    Sample p is from `other` whenever p * share passes a whole number. This needs no random numbers, because both
    sources are shuffled already.
    """

    def __init__(self, main: Source, other: Source, share: float, position: int = 0) -> None:
        self.main, self.other, self.share = main, other, share
        self.position = position

    async def take(self, count: int) -> Samples:
        """The next `count` samples, from both sources. Raises DataError."""
        others_before = np.floor(np.arange(self.position, self.position + count + 1) * self.share).astype(np.int64)
        is_other = np.diff(others_before) > 0
        self.other.position, self.main.position = int(others_before[0]), self.position - int(others_before[0])
        self.position += count
        if is_other.all() or not is_other.any():
            return await (self.other if is_other[0] else self.main).take(count)
        others, mains = await self.other.take(int(is_other.sum())), await self.main.take(int((~is_other).sum()))
        images = np.empty((count, *others.images.shape[1:]), np.uint8)
        labels = np.empty(count, np.uint8)
        images[is_other], labels[is_other] = others
        images[~is_other], labels[~is_other] = mains
        return Samples(images, labels)


async def open_corpus() -> Corpus:
    """Find MNIST on this machine, or fetch it. Raises DataError."""
    files = mnist_blocks(locate() or fetch_all())

    async def read(name: str) -> bytes:
        return files[name]

    data = await open_packed("index.json", read)
    train = await data.train.load()
    mean = (train.images.reshape(-1, 784).mean(0) / 255).astype(np.float32)
    return Corpus(data, await data.validation.load(), mean)


def recipe_source(recipe: Recipe, corpus: Corpus, seed: int) -> Source:
    """The endless stream of training samples of `recipe`."""
    source: Source = SplitSource(corpus.data.train, seed)
    if recipe.strokes_share:
        source = Mixture(source, StrokeSource(seed), recipe.strokes_share)
    if recipe.garbage_share:
        source = Mixture(source, OODSource(seed), recipe.garbage_share)
    return AugmentedSource(source, Augmenter(recipe.distortions(), seed))
