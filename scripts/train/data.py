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
from tabgrad.data.batches import Mixture, SplitSource
from tabgrad.data.packed import PackedData, open_packed
from tabgrad.data.strokes import StrokeSource
from tabgrad.session.source import AugmentedSource

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
