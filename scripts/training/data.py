"""The training data on this machine: MNIST through the same blocks, order and split as the page, and what is generated.

Owns where the samples of a recipe come from; the order, the distortions and the generator are `tabgrad.data`'s.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scripts.fetch_mnist import fetch_all, locate
from scripts.sitebuild.data import mnist_blocks
from tabgrad.data import DataSet, Mixture, Samples, Source, SplitSource, open_data
from tabgrad.data.augment import Augmenter
from tabgrad.data.strokes import StrokeSource
from tabgrad.session.source import AugmentedSource

from .garbage import GarbageSource
from .recipe import Recipe


@dataclass(frozen=True)
class Corpus:
    """MNIST, opened. `train` is held in memory; `mean` is its mean image, float32 (784,) in 0..1."""

    data: DataSet
    validation: Samples
    mean: NDArray[np.float32]

    async def test(self) -> Samples:
        """The test set: only to report a finished model, never to choose one."""
        return await self.data.test.load()


async def open_corpus() -> Corpus:
    """Find MNIST or fetch it. Raises DataError."""
    files = mnist_blocks(locate() or fetch_all())

    async def read(name: str) -> bytes:
        return files[name]

    data = await open_data("index.json", read)
    train = await data.train.load()
    mean = (train.images.reshape(-1, 784).mean(0) / 255).astype(np.float32)
    return Corpus(data, await data.validation.load(), mean)


def recipe_source(recipe: Recipe, corpus: Corpus, seed: int) -> Source:
    """The training samples of `recipe` without end."""
    source: Source = SplitSource(corpus.data.train, seed)
    if recipe.strokes_share:
        source = Mixture(source, StrokeSource(seed), recipe.strokes_share)
    if recipe.garbage_share:
        source = Mixture(source, GarbageSource(seed), recipe.garbage_share)
    return AugmentedSource(source, Augmenter(recipe.distortions(), seed))
